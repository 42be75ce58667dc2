package dev.lungo.nn;

import dev.lungo.op.Dropout;
import dev.lungo.op.Pass;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;

/// Dropout at the places of one pass through a model: each place draws a mask of its own, and the
/// same seed draws the same masks again.
public final class Dropouts {
  private final float probability;
  private final RandomNumbers seeds;

  /// @param probability of an element to be dropped, in [0, 1)
  /// @param seed another one for each step
  public Dropouts(float probability, long seed) {
    this.probability = probability;
    this.seeds = new RandomNumbers(RandomNumbers.mix(seed));
  }

  /// Returns dropout that drops nothing.
  public static Dropouts none() {
    return new Dropouts(0, 0);
  }

  /// Drops elements at the next place.
  public Tensor next(Pass pass, Tensor x) {
    return Dropout.dropout(pass, x, probability, seeds.nextLong());
  }
}
