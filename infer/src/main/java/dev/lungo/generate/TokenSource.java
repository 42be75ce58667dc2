package dev.lungo.generate;

import java.util.OptionalInt;

/// Gives the ids of one continuation, one after the other.
interface TokenSource {
  /// Chooses the next id; empty when the context is full.
  OptionalInt next();
}
