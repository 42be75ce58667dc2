package dev.lungo.model;

/// The sizes of a GPT-2 model (Radford et al. 2019).
///
/// @param normEpsilon ε of the LayerNorms
public record Gpt2Config(
    int vocabulary,
    int width,
    int layers,
    int heads,
    int context,
    float normEpsilon,
    boolean tiedEmbeddings)
    implements ModelConfig {

  public Gpt2Config {
    ModelConfig.checkEpsilon(normEpsilon);
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width " + width + " must be a multiple of heads " + heads);
    }
    ModelConfig.check(vocabulary, width, layers, heads, heads, width / heads, 4 * width, context);
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
