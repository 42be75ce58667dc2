package dev.lungo.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Seeded random numbers whose whole state is one `long`, so that a checkpoint can hold it:
/// SplitMix64 (Steele et al. 2014). Not for several threads at once.
public final class RandomNumbers {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private long state;

  /// Starts from a seed, or goes on from a saved [#state].
  public RandomNumbers(long seed) {
    this.state = seed;
  }

  /// Returns the state to go on from.
  public long state() {
    return state;
  }

  /// Returns 64 random bits.
  public long nextLong() {
    state += GOLDEN_GAMMA;
    return mix(state);
  }

  /// Mixes 64 bits so that each bit of the result depends on each bit of `z`.
  public static long mix(long z) {
    long y = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    y = (y ^ (y >>> 27)) * 0x94D049BB133111EBL;
    return y ^ (y >>> 31);
  }

  /// Returns a number in [0, 1) with 53 random bits.
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /// Returns an integer in [0, bound), every one equally likely to within 2⁻³².
  public int nextInt(int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("bound must be at least 1, but is " + bound);
    }
    return (int) Math.multiplyHigh(nextLong() >>> 1, (long) bound << 1);
  }

  /// Returns a number from the standard normal distribution (Box and Muller 1958; strict
  /// arithmetic, so that every machine draws the same).
  public double nextGaussian() {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - nextDouble()));
    return radius * StrictMath.cos(2 * Math.PI * nextDouble());
  }

  /// Fills a tensor from the normal distribution with mean 0.
  public void fillNormal(Tensor tensor, double standardDeviation) {
    MemorySegment data = tensor.data();
    for (long i = 0; i < tensor.elements(); i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (standardDeviation * nextGaussian()));
    }
  }

  /// Fills a tensor uniformly from [-bound, bound).
  public void fillUniform(Tensor tensor, double bound) {
    MemorySegment data = tensor.data();
    for (long i = 0; i < tensor.elements(); i++) {
      data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (bound * (2 * nextDouble() - 1)));
    }
  }
}
