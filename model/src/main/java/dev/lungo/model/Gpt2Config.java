package dev.lungo.model;

import dev.lungo.kernel.AttentionPattern;

/// The sizes of a GPT-2 model (Radford et al. 2019).
///
/// @param normEpsilon ε of the LayerNorms
/// @param positions how it knows where tokens stand: GPT-2 itself learns them
/// @param attention which keys a query sees: GPT-2 itself sees all up to the query's own
public record Gpt2Config(
    int vocabulary,
    int width,
    int layers,
    int heads,
    int context,
    float normEpsilon,
    boolean tiedEmbeddings,
    PositionScheme positions,
    AttentionPattern attention)
    implements ModelConfig {

  /// Describes GPT-2 as it was published, with learned positions.
  public Gpt2Config(
      int vocabulary,
      int width,
      int layers,
      int heads,
      int context,
      float normEpsilon,
      boolean tiedEmbeddings) {
    this(
        vocabulary,
        width,
        layers,
        heads,
        context,
        normEpsilon,
        tiedEmbeddings,
        PositionScheme.LEARNED,
        AttentionPattern.CAUSAL);
  }

  public Gpt2Config {
    ModelConfig.checkEpsilon(normEpsilon);
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width " + width + " must be a multiple of heads " + heads);
    }
    ModelConfig.check(vocabulary, width, layers, heads, heads, width / heads, 4 * width, context);
    ModelConfig.checkSparsity(attention, context);
    if (positions == PositionScheme.ROPE) {
      throw new IllegalArgumentException(
          "GPT-2 turns no queries and keys: its positions are learned, sinusoidal, alibi or none;"
              + " rotary positions are a Llama's");
    }
  }

  /// Returns the same model for texts of another length.
  public Gpt2Config reaching(int otherContext) {
    return new Gpt2Config(
        vocabulary,
        width,
        layers,
        heads,
        otherContext,
        normEpsilon,
        tiedEmbeddings,
        positions,
        attention);
  }

  /// Returns the same sizes with positions of another kind.
  public Gpt2Config with(PositionScheme otherPositions) {
    return new Gpt2Config(
        vocabulary,
        width,
        layers,
        heads,
        context,
        normEpsilon,
        tiedEmbeddings,
        otherPositions,
        attention);
  }

  /// Returns the same sizes with another pattern of attention.
  public Gpt2Config with(AttentionPattern pattern) {
    return new Gpt2Config(
        vocabulary, width, layers, heads, context, normEpsilon, tiedEmbeddings, positions, pattern);
  }

  @Override
  public int kvHeads() {
    return heads;
  }

  @Override
  public int headDim() {
    return width / heads;
  }

  @Override
  public int feedForward() {
    return 4 * width;
  }
}
