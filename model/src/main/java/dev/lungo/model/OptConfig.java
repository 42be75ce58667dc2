package dev.lungo.model;

/// The sizes of an OPT model (Zhang et al. 2022, arXiv:2205.01068).
public record OptConfig(
    int vocabulary,
    int width,
    int layers,
    int heads,
    int feedForward,
    int context,
    boolean tiedEmbeddings)
    implements ModelConfig {
  /// Rows of the position table before the first position's, which OPT kept for padding.
  public static final int UNUSED_POSITIONS = 2;

  public OptConfig {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width " + width + " must be a multiple of heads " + heads);
    }
    ModelConfig.check(vocabulary, width, layers, heads, heads, width / heads, feedForward, context);
  }

  @Override
  public int kvHeads() {
    return heads;
  }

  @Override
  public int headDim() {
    return width / heads;
  }
}
