package dev.lungo.train;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.PositionScheme;

/// The one dial: a depth, from which every other size follows.
///
/// Width is 64 a layer, heads are 64 wide, two query heads share a key/value head where the number
/// allows it, and the feed-forward width is 8/3 of the width as SwiGLU needs to cost what a plain
/// layer of 4 does.
public final class ModelDial {
  private static final int WIDTH_PER_LAYER = 64;
  private static final int HEAD_DIM = 64;

  private ModelDial() {}

  /// The architectures that can be trained.
  public enum Architecture {
    LLAMA,
    GPT2;

    /// Returns the positions that the architecture was published with.
    public PositionScheme usualPositions() {
      return switch (this) {
        case LLAMA -> PositionScheme.ROPE;
        case GPT2 -> PositionScheme.LEARNED;
      };
    }
  }

  /// Sizes that override what the depth gives; 0 leaves one to the dial.
  public record Sizes(int depth, int width, int heads, int kvHeads, int vocabulary, int context) {}

  /// Returns the configuration for the given sizes, with the architecture's own positions.
  public static ModelConfig config(Architecture architecture, Sizes sizes) {
    return config(architecture, sizes, architecture.usualPositions());
  }

  /// Returns the configuration for the given sizes, with full attention.
  public static ModelConfig config(
      Architecture architecture, Sizes sizes, PositionScheme positions) {
    return config(architecture, sizes, positions, AttentionPattern.CAUSAL);
  }

  /// Returns the configuration for the given sizes.
  ///
  /// @param pattern which keys a query sees
  public static ModelConfig config(
      Architecture architecture, Sizes sizes, PositionScheme positions, AttentionPattern pattern) {
    if (sizes.depth() < 1) {
      throw new IllegalArgumentException("depth must be at least 1, but is " + sizes.depth());
    }
    int width = sizes.width() == 0 ? sizes.depth() * WIDTH_PER_LAYER : sizes.width();
    int heads = sizes.heads() == 0 ? Math.max(1, width / HEAD_DIM) : sizes.heads();
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "width " + width + " must be a multiple of heads " + heads);
    }
    return switch (architecture) {
      case LLAMA ->
          new LlamaConfig(
                  sizes.vocabulary(),
                  width,
                  sizes.depth(),
                  heads,
                  sizes.kvHeads() == 0 ? (heads % 2 == 0 ? heads / 2 : heads) : sizes.kvHeads(),
                  width / heads,
                  8 * width / 3 / 32 * 32,
                  sizes.context(),
                  1e-5f,
                  10_000,
                  false)
              .with(positions)
              .with(pattern);
      case GPT2 ->
          new Gpt2Config(
                  sizes.vocabulary(), width, sizes.depth(), heads, sizes.context(), 1e-5f, true)
              .with(positions)
              .with(pattern);
    };
  }
}
