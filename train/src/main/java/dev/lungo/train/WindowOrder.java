package dev.lungo.train;

import dev.lungo.tensor.RandomNumbers;

/// The order in which a run visits the windows of its data: every window once an epoch, each epoch
/// in another random order. The order is computed, not stored: a small Feistel network permutes the
/// numbers of the windows.
final class WindowOrder {
  private static final int ROUNDS = 4;

  private final long windows;
  private final long seed;
  private final int halfBits;

  WindowOrder(long windows, long seed) {
    if (windows < 1) {
      throw new IllegalArgumentException(
          "order: there must be at least one window, but there are " + windows);
    }
    this.windows = windows;
    this.seed = seed;
    int bits = 64 - Long.numberOfLeadingZeros(Math.max(1, windows - 1));
    this.halfBits = (bits + 1) / 2;
  }

  /// Returns the window that is visited at `position`, counted over all epochs.
  long window(long position) {
    long epoch = position / windows;
    long value = position % windows;
    // A permutation of a power of four, applied until it falls among the windows, is a permutation
    // of the windows.
    do {
      value = permute(value, epoch);
    } while (value >= windows);
    return value;
  }

  private long permute(long value, long epoch) {
    long mask = (1L << halfBits) - 1;
    long left = value >>> halfBits;
    long right = value & mask;
    for (int round = 0; round < ROUNDS; round++) {
      long key = RandomNumbers.mix(seed + epoch * ROUNDS + round);
      long mixed = RandomNumbers.mix(right ^ key) & mask;
      long swap = right;
      right = left ^ mixed;
      left = swap;
    }
    return left << halfBits | right;
  }
}
