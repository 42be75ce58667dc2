package dev.lungo.kernel;

/// Says which elements a dropout (Srivastava et al. 2014) keeps, from the seed and the element's
/// index alone, so that the backward pass draws the same mask without storing it and threads need
/// no order.
///
/// The index, keyed twice, goes through MurmurHash3's 32-bit finaliser twice; 32-bit arithmetic
/// because vector units multiply 32-bit lanes. Each 2³² elements have keys of their own.
public final class DropoutMask {
  public static final int FIRST_MULTIPLIER = 0x85ebca6b;
  public static final int SECOND_MULTIPLIER = 0xc2b2ae35;

  private final float factor;
  private final int threshold;
  private final long seed;

  /// Describes a mask.
  ///
  /// @param dropProbability in [0, 1)
  public DropoutMask(float dropProbability, long seed) {
    if (!(dropProbability >= 0 && dropProbability < 1)) {
      throw new IllegalArgumentException(
          "dropout: the probability must be in [0, 1), but is " + dropProbability);
    }
    this.factor = 1 / (1 - dropProbability);
    this.threshold = (int) (long) (dropProbability * 0x1p32);
    this.seed = seed;
  }

  /// What kept elements are multiplied by, so that the expected value stays: 1/(1 - p).
  public float factor() {
    return factor;
  }

  /// An element is kept when its hash, unsigned, is at least this.
  public int threshold() {
    return threshold;
  }

  /// Both 32-bit keys of the 2³² elements around `index`, the first in the low half.
  public long keys(long index) {
    long mixed = seed + 0x9e3779b97f4a7c15L * (1 + (index >>> 32));
    mixed = (mixed ^ mixed >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }

  public boolean keeps(long index) {
    long keys = keys(index);
    int hash = mix(mix((int) index ^ (int) keys) ^ (int) (keys >>> 32));
    return Integer.compareUnsigned(hash, threshold) >= 0;
  }

  private static int mix(int hash) {
    hash = (hash ^ hash >>> 16) * FIRST_MULTIPLIER;
    hash = (hash ^ hash >>> 13) * SECOND_MULTIPLIER;
    return hash ^ hash >>> 16;
  }
}
