package dev.lungo.train;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.ParameterCount;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RecurrentConfig;

/// The one dial: a depth, from which every other size follows.
///
/// Width is 64 a layer, heads are 64 wide, two query heads share a key/value head where the number
/// allows it, and the feed-forward width is 8/3 of the width as SwiGLU needs to cost what a plain
/// layer of 4 does.
public final class ModelDial {
  private static final int WIDTH_PER_LAYER = 64;
  private static final int HEAD_DIM = 64;
  private static final int MOST_RECURRENT_LAYERS = 2;

  /// Widths of recurrent models are multiples of this: whole vectors.
  private static final int WIDTH_STEP = 16;

  private ModelDial() {}

  /// The architectures that can be trained.
  public enum Architecture {
    LLAMA,
    GPT2,
    RNN,
    RNN_RELU,
    LSTM,
    GRU;

    /// Returns the positions that the architecture was published with.
    public PositionScheme usualPositions() {
      return switch (this) {
        case LLAMA -> PositionScheme.ROPE;
        case GPT2 -> PositionScheme.LEARNED;
        case RNN, RNN_RELU, LSTM, GRU -> PositionScheme.NONE;
      };
    }
  }

  /// Sizes that override what the depth gives; 0 leaves one to the dial.
  ///
  /// @param dropout between layers of a recurrent model
  /// @param truncation the most steps that a recurrent model's gradients go back; 0 is all
  public record Sizes(
      int depth,
      int width,
      int heads,
      int kvHeads,
      int vocabulary,
      int context,
      double dropout,
      int truncation) {
    /// Sizes without dropout or truncation.
    public Sizes(int depth, int width, int heads, int kvHeads, int vocabulary, int context) {
      this(depth, width, heads, kvHeads, vocabulary, context, 0, 0);
    }
  }

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
    boolean attends =
        switch (architecture) {
          case LLAMA, GPT2 -> true;
          case RNN, RNN_RELU, LSTM, GRU -> false;
        };
    if (!attends
        && (positions != PositionScheme.NONE || !pattern.equals(AttentionPattern.CAUSAL))) {
      throw new IllegalArgumentException(
          "a recurrent model has no attention and knows positions by its steps; leave --positions"
              + " and --attention-pattern out");
    }
    return switch (architecture) {
      case LLAMA -> llama(sizes).with(positions).with(pattern);
      case GPT2 ->
          new Gpt2Config(
                  sizes.vocabulary(),
                  width(sizes),
                  sizes.depth(),
                  heads(sizes),
                  sizes.context(),
                  1e-5f,
                  true)
              .with(positions)
              .with(pattern);
      case RNN -> recurrent(Cell.RNN_TANH, sizes);
      case RNN_RELU -> recurrent(Cell.RNN_RELU, sizes);
      case LSTM -> recurrent(Cell.LSTM, sizes);
      case GRU -> recurrent(Cell.GRU, sizes);
    };
  }

  private static int width(Sizes sizes) {
    return sizes.width() == 0 ? sizes.depth() * WIDTH_PER_LAYER : sizes.width();
  }

  private static int heads(Sizes sizes) {
    int width = width(sizes);
    int heads = sizes.heads() == 0 ? Math.max(1, width / HEAD_DIM) : sizes.heads();
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "width " + width + " must be a multiple of heads " + heads);
    }
    return heads;
  }

  private static LlamaConfig llama(Sizes sizes) {
    int width = width(sizes);
    int heads = heads(sizes);
    return new LlamaConfig(
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
        false);
  }

  /// Returns a recurrent model with about as many parameters as the Llama of the same depth has, in
  /// at most two layers: without residual connections more of them learn slowly.
  private static RecurrentConfig recurrent(Cell cell, Sizes sizes) {
    if (sizes.heads() != 0 || sizes.kvHeads() != 0) {
      throw new IllegalArgumentException(
          "a recurrent model has no attention heads; leave --heads and --kv-heads out");
    }
    if (sizes.width() != 0) {
      return recurrent(cell, sizes, sizes.width());
    }
    long wanted = ParameterCount.of(config(Architecture.LLAMA, sizes)).total();
    int width = WIDTH_STEP;
    while (ParameterCount.of(recurrent(cell, sizes, width + WIDTH_STEP / 2)).total() < wanted) {
      width += WIDTH_STEP;
    }
    return recurrent(cell, sizes, width);
  }

  private static RecurrentConfig recurrent(Cell cell, Sizes sizes, int width) {
    int layers = Math.min(MOST_RECURRENT_LAYERS, sizes.depth());
    return new RecurrentConfig(
        cell,
        sizes.vocabulary(),
        width,
        layers,
        sizes.context(),
        (float) sizes.dropout(),
        sizes.truncation(),
        false);
  }
}
