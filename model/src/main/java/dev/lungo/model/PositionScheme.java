package dev.lungo.model;

import java.util.Locale;

/// How a model knows where its tokens stand.
public enum PositionScheme {
  /// Queries and keys are turned by their positions (Su et al. 2021, arXiv:2104.09864).
  ROPE,
  /// Scores fall with the distance, at a slope for each head (Press et al. 2021, arXiv:2108.12409).
  ALIBI,
  /// Fixed sines and cosines are added to the embeddings (Vaswani et al. 2017, arXiv:1706.03762).
  SINUSOIDAL,
  /// A learned vector for each position is added to the embeddings.
  LEARNED,
  /// Only the causal mask tells positions apart (Haviv et al. 2022, arXiv:2203.16634).
  NONE;

  /// Returns what files and the command line call it.
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Returns the scheme that is called so.
  ///
  /// @throws IllegalArgumentException if there is none
  public static PositionScheme of(String label) {
    for (PositionScheme scheme : values()) {
      if (scheme.label().equals(label)) {
        return scheme;
      }
    }
    throw new IllegalArgumentException(
        "positions are rope, alibi, sinusoidal, learned or none, not \"" + label + "\"");
  }

  /// Returns whether positions are in what a layer reads, so that keys cannot move to another place
  /// later.
  public boolean isAdded() {
    return this == SINUSOIDAL || this == LEARNED;
  }
}
