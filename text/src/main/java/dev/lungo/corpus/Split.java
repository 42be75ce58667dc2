package dev.lungo.corpus;

/// Says which part of a corpus is held out from training.
public sealed interface Split {
  /// A part of a corpus under a split.
  enum Part {
    ALL,
    TRAINING,
    HELD_OUT
  }

  /// Returns the share that is held out, between 0 and 1.
  double heldOut();

  /// Holds out documents by a hash of their path: the same ones whatever else the corpus holds.
  record ByPath(double heldOut) implements Split {
    /// @throws IllegalArgumentException if the share is not between 0 and 1
    public ByPath {
      requireShare(heldOut);
    }

    /// Says whether the document of this name belongs to `part`.
    public boolean contains(Part part, String name) {
      boolean out = NameHash.unit(name, NameHash.HOLD_OUT) < heldOut;
      return switch (part) {
        case ALL -> true;
        case TRAINING -> !out;
        case HELD_OUT -> out;
      };
    }
  }

  /// Holds out the end of a single text: the last characters (code points), as nanoGPT does.
  record Tail(double heldOut) implements Split {
    /// @throws IllegalArgumentException if the share is not between 0 and 1
    public Tail {
      requireShare(heldOut);
    }

    /// Returns how many of `characters` come before the held-out end.
    public long trainingCharacters(long characters) {
      return (long) (characters * (1 - heldOut));
    }
  }

  private static void requireShare(double heldOut) {
    if (!(heldOut >= 0 && heldOut < 1)) {
      throw new IllegalArgumentException(
          "the held-out share must be at least 0 and below 1, not " + heldOut);
    }
  }
}
