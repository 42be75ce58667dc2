package dev.lungo.model;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;

/// The sizes of a decoder-only model.
public sealed interface ModelConfig
    permits LlamaConfig, GemmaConfig, Gpt2Config, OptConfig, RecurrentConfig {
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

  /// Returns a number that is equal for two lengths if the model places tokens in texts of both
  /// alike, as all do but those that stretch positions more in longer texts.
  ///
  /// @param reach how many positions the text may take in the end
  default int positionRegime(int reach) {
    return 0;
  }

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

  /// Checks the ε of norms.
  static void checkEpsilon(float normEpsilon) {
    if (!(normEpsilon > 0 && normEpsilon < 1)) {
      throw new IllegalArgumentException(
          "normEpsilon must be between 0 and 1, but is " + normEpsilon);
    }
  }

  /// Checks rotary positions.
  static void checkRotary(int headDim, int rotaryDim, float ropeBase, RopeScaling scaling) {
    if (!(ropeBase > 1 && ropeBase < Float.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "ropeBase must be a finite number above 1, but is " + ropeBase);
    }
    if (headDim % 2 != 0) {
      throw new IllegalArgumentException(
          "headDim must be even for rotary positions, but is " + headDim);
    }
    if (rotaryDim < 2 || rotaryDim % 2 != 0 || rotaryDim > headDim) {
      throw new IllegalArgumentException(
          "rotaryDim must be even, at least 2 and at most headDim "
              + headDim
              + ", but is "
              + rotaryDim);
    }
    if (scaling instanceof RopeScaling.Dynamic && rotaryDim == 2) {
      throw new IllegalArgumentException("dynamic rope scaling needs more than one pair a head");
    }
    // What a scaling says for each pair must be said for every pair.
    scaling.frequencies(rotaryDim, ropeBase, 1);
  }

  /// Checks a sliding window.
  static void checkWindow(int window) {
    if (window < 1) {
      throw new IllegalArgumentException("window must be at least 1, but is " + window);
    }
  }

  /// Checks a pattern of attention for a model of so many positions.
  static void checkSparsity(AttentionPattern pattern, int context) {
    if (!pattern.causal()) {
      throw new IllegalArgumentException(
          "a model that continues texts needs a causal pattern of attention, not "
              + pattern.text());
    }
    // Refuses what leaves a query without a key.
    AttentionShape.training(1, context, 1, 1, 1).with(pattern);
  }

  private static void positive(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          name + " must be between 1 and " + most + ", but is " + value);
    }
  }
}
