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
  static void check(ModelConfig config) {
    positive("vocabulary", config.vocabulary(), 1 << 24);
    positive("width", config.width(), 1 << 20);
    positive("layers", config.layers(), 10_000);
    positive("heads", config.heads(), 1 << 16);
    positive("kvHeads", config.kvHeads(), 1 << 16);
    positive("headDim", config.headDim(), 1 << 16);
    positive("feedForward", config.feedForward(), 1 << 24);
    positive("context", config.context(), 1 << 28);
    if (config.heads() % config.kvHeads() != 0) {
      throw new IllegalArgumentException(
          "heads " + config.heads() + " must be a multiple of kvHeads " + config.kvHeads());
    }
  }

  private static void positive(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + " must be between 1 and " + most + ", but is " + value);
    }
  }
}
