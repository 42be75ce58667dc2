package dev.lungo.model;

/// The sizes of a decoder-only model.
public sealed interface ModelConfig permits LlamaConfig, Gpt2Config {
  int vocabulary();

  /// The width C of the residual stream.
  int width();

  int layers();

  int heads();

  int kvHeads();

  int headDim();

  /// The width F of the feed-forward layers.
  int feedForward();

  /// The most positions that the model takes.
  int context();

  /// Whether the embedding table is also the projection to the vocabulary.
  boolean tiedEmbeddings();

  /// Checks what every configuration has.
  static void check(
      int vocabulary,
      int width,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int feedForward,
      int context) {
    positive("vocabulary", vocabulary, 1 << 24);
    positive("width", width, 1 << 20);
    positive("layers", layers, 10_000);
    positive("heads", heads, 1 << 16);
    positive("kvHeads", kvHeads, 1 << 16);
    positive("headDim", headDim, 1 << 16);
    positive("feedForward", feedForward, 1 << 24);
    positive("context", context, 1 << 28);
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "heads " + heads + " must be a multiple of kvHeads " + kvHeads);
    }
  }

  private static void positive(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          name + " must be between 1 and " + most + ", but is " + value);
    }
  }
}
