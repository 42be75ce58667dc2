package dev.lungo.kernel.vector;

import dev.lungo.kernel.Parallel;

/// Splits arrays into blocks for [Parallel] by their shape: 32 KB of each operand, large enough to
/// be worth a hand-over and small enough to stay in a core's cache.
final class Blocks {
  static final int ELEMENTS = 8192;

  private Blocks() {}

  /// The body of a loop over a flat array.
  @FunctionalInterface
  interface ElementRange {
    void run(long from, long to);
  }

  /// Runs `body` over [0, count) in blocks; each starts at a multiple of [#ELEMENTS].
  static void forElements(Parallel parallel, long count, ElementRange body) {
    if (count <= ELEMENTS) {
      body.run(0, count);
      return;
    }
    int blocks = Math.toIntExact((count - 1) / ELEMENTS + 1);
    parallel.forRange(
        blocks,
        1,
        (from, to) -> {
          for (int block = from; block < to; block++) {
            long first = (long) block * ELEMENTS;
            body.run(first, Math.min(count, first + ELEMENTS));
          }
        });
  }

  /// Returns how many rows make a block.
  static int rows(int width) {
    return Math.max(1, ELEMENTS / width);
  }
}
