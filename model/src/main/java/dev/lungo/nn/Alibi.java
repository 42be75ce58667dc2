package dev.lungo.nn;

/// Attention with linear biases (Press et al. 2021, arXiv:2108.12409): from the score of a key that
/// is d positions back, head h takes slope · d.
public final class Alibi {
  private Alibi() {}

  /// Returns the slope of each head: 2^(-8h/n), h = 1 … n, for n a power of two. For other numbers
  /// of heads, the slopes of the largest power of two below, and then every other slope of twice
  /// that power, as the authors have it.
  public static float[] slopes(int heads) {
    if (heads < 1) {
      throw new IllegalArgumentException("ALiBi needs at least one head, not " + heads);
    }
    int power = Integer.highestOneBit(heads);
    float[] slopes = new float[heads];
    for (int head = 0; head < heads; head++) {
      double exponent =
          head < power ? 8.0 * (head + 1) / power : 8.0 * (2 * (head - power) + 1) / (2 * power);
      slopes[head] = (float) StrictMath.pow(2, -exponent);
    }
    return slopes;
  }
}
