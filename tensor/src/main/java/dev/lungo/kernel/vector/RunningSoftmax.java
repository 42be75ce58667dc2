package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The softmax of FlashAttention, which sees one block of scores after the other (Milakov and
/// Gimelshein 2018, arXiv:1805.02867): one query or head a lane. Belongs to one thread.
///
/// Weights are relative to a reference that starts as the maximum of the first scores and moves
/// only when a later one exceeds it by far. Most blocks so leave what was summed before as it is,
/// and the result is the same whatever the reference.
///
/// The loops take two vectors at a time, at steps that the compiler knows: with one, or with a
/// variable step, they took more than twice as long.
final class RunningSoftmax {
  /// How far a score may exceed the reference before that moves: weights stay below e^8.
  private static final FloatVector SLACK = Lanes.constant(8);

  private final float[] references = new float[COLUMNS];
  private final float[] sums = new float[COLUMNS];
  private final float[] factors = new float[COLUMNS];

  /// By what the sums so far had to shrink when [#advance] last moved a reference.
  float[] factors() {
    return factors;
  }

  /// Turns `rows` rows of [RegisterTile#COLUMNS] scores into weights and adds them to the sums.
  /// Returns whether a reference has moved.
  ///
  /// @param lane where the first lane's references and sums are
  boolean advance(float[] scores, int rows, float[] allReferences, float[] allSums, int lane) {
    System.arraycopy(allReferences, lane, references, 0, COLUMNS);
    maximum(scores, rows, references);
    boolean moved = false;
    for (int half = 0; half < COLUMNS; half += LANES) {
      moved |= move(allReferences, lane + half, half);
      FloatVector.fromArray(SPECIES, allSums, lane + half)
          .mul(FloatVector.fromArray(SPECIES, factors, half))
          .intoArray(sums, half);
    }
    weigh(scores, rows, references, sums);
    System.arraycopy(references, 0, allReferences, lane, COLUMNS);
    System.arraycopy(sums, 0, allSums, lane, COLUMNS);
    return moved;
  }

  /// Does the same for rows of one vector: takes two rows for one, so that there must be room for
  /// one more than an odd number of them.
  boolean advanceNarrow(
      float[] scores, int rows, float[] allReferences, float[] allSums, int lane) {
    FloatVector before = FloatVector.fromArray(SPECIES, allReferences, lane);
    before.intoArray(references, 0);
    before.intoArray(references, LANES);
    if (rows % 2 == 1) {
      FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY).intoArray(scores, rows * LANES);
    }
    int pairs = (rows + 1) / 2;
    maximum(scores, pairs, references);
    FloatVector even = FloatVector.fromArray(SPECIES, references, 0);
    FloatVector odd = FloatVector.fromArray(SPECIES, references, LANES);
    even.blend(odd, odd.compare(VectorOperators.GT, even)).intoArray(references, 0);
    boolean moved = move(allReferences, lane, 0);
    System.arraycopy(references, 0, references, LANES, LANES);
    FloatVector.fromArray(SPECIES, allSums, lane)
        .mul(FloatVector.fromArray(SPECIES, factors, 0))
        .intoArray(sums, 0);
    FloatVector.zero(SPECIES).intoArray(sums, LANES);
    weigh(scores, pairs, references, sums);
    System.arraycopy(references, 0, allReferences, lane, LANES);
    FloatVector.fromArray(SPECIES, sums, 0)
        .add(FloatVector.fromArray(SPECIES, sums, LANES))
        .intoArray(allSums, lane);
    return moved;
  }

  /// Moves a vector of references to the maximum that is in its place if that is far above the one
  /// before, and notes the factors. (Vectors as arguments would be objects.)
  private boolean move(float[] allReferences, int lane, int half) {
    FloatVector before = FloatVector.fromArray(SPECIES, allReferences, lane);
    FloatVector maximum = FloatVector.fromArray(SPECIES, references, half);
    VectorMask<Float> far = maximum.compare(VectorOperators.GT, before.add(SLACK));
    FloatVector reference = before.blend(maximum, far);
    reference.intoArray(references, half);
    ExponentialLanes.exp(before.sub(reference)).intoArray(factors, half);
    return far.anyTrue();
  }

  private static void maximum(float[] scores, int rows, float[] maxima) {
    FloatVector left = FloatVector.fromArray(SPECIES, maxima, 0);
    FloatVector right = FloatVector.fromArray(SPECIES, maxima, LANES);
    for (int at = 0; at < rows * COLUMNS; at += COLUMNS) {
      // Cheaper than `max`, which orders zeros and looks for what is no number.
      FloatVector score = FloatVector.fromArray(SPECIES, scores, at);
      left = left.blend(score, score.compare(VectorOperators.GT, left));
      score = FloatVector.fromArray(SPECIES, scores, at + LANES);
      right = right.blend(score, score.compare(VectorOperators.GT, right));
    }
    left.intoArray(maxima, 0);
    right.intoArray(maxima, LANES);
  }

  private static void weigh(float[] scores, int rows, float[] references, float[] sums) {
    FloatVector left = FloatVector.fromArray(SPECIES, references, 0);
    FloatVector right = FloatVector.fromArray(SPECIES, references, LANES);
    FloatVector leftSum = FloatVector.fromArray(SPECIES, sums, 0);
    FloatVector rightSum = FloatVector.fromArray(SPECIES, sums, LANES);
    for (int at = 0; at < rows * COLUMNS; at += COLUMNS) {
      FloatVector score = FloatVector.fromArray(SPECIES, scores, at);
      FloatVector leftWeight = ExponentialLanes.exp(score.sub(left));
      score = FloatVector.fromArray(SPECIES, scores, at + LANES);
      FloatVector rightWeight = ExponentialLanes.exp(score.sub(right));
      leftWeight.intoArray(scores, at);
      rightWeight.intoArray(scores, at + LANES);
      leftSum = leftSum.add(leftWeight);
      rightSum = rightSum.add(rightWeight);
    }
    leftSum.intoArray(sums, 0);
    rightSum.intoArray(sums, LANES);
  }
}
