package dev.lungo.kernel;

/// Attention with linear biases (Press et al. 2021, arXiv:2108.12409): instead of positions in the
/// embeddings, each score loses the distance from query to key times a slope that differs from head
/// to head.
public final class Alibi {
  private static final double STEEPEST = 8;

  private Alibi() {}

  /// Returns the slope of one head, counted from 0, of so many.
  ///
  /// With n heads, n a power of two, head h of 1 … n has 2^(-8h/n). Otherwise the largest power of
  /// two below gives the first slopes, and every second one of the next power of two the rest.
  public static double slope(int head, int heads) {
    int power = Integer.highestOneBit(heads);
    return head < power
        ? Math.pow(2, -STEEPEST * (head + 1) / power)
        : Math.pow(2, -STEEPEST * (2 * (head - power) + 1) / (2 * power));
  }
}
