package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.LINE_STRIDE;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The softmax of a block of keys, backward: turns scores into weights, and the gradients of the
/// weights into those of the scores; step by step of the keys for dS·K, line by line for Pᵀ·dO and
/// dSᵀ·Q. Belongs to one thread.
final class SoftmaxGradient {
  /// Scores, then weights: (keys, a panel of queries).
  final float[] weights;

  /// Gradients of the weights, then of the scores.
  final float[] slopes;

  /// How fast a bounded score grows with the score before.
  final float[] steepness;

  /// The same by lines of queries.
  final float[] weightsByKey;

  final float[] slopesByKey;

  SoftmaxGradient(int keyBlock) {
    weights = new float[(keyBlock + Transposition.SIDE) * COLUMNS];
    slopes = new float[(keyBlock + Transposition.SIDE) * COLUMNS];
    steepness = new float[keyBlock * COLUMNS];
    weightsByKey = new float[keyBlock * LINE_STRIDE];
    slopesByKey = new float[keyBlock * LINE_STRIDE];
  }

  /// Takes keys that nothing hides, two vectors at a time: one after the other took twice as long.
  ///
  /// @param query where the log-sum-exps and Σ dO·O of the panel's queries are
  /// @param lane the first of them within the rows by key
  void backward(
      float[] logSums, float[] deltas, int query, int lane, int from, int to, float factor) {
    FloatVector scale = FloatVector.broadcast(SPECIES, factor);
    FloatVector leftSum = FloatVector.fromArray(SPECIES, logSums, query);
    FloatVector rightSum = FloatVector.fromArray(SPECIES, logSums, query + LANES);
    FloatVector leftDelta = FloatVector.fromArray(SPECIES, deltas, query);
    FloatVector rightDelta = FloatVector.fromArray(SPECIES, deltas, query + LANES);
    int line = from * LINE_STRIDE + lane;
    for (int at = from * COLUMNS; at < to * COLUMNS; at += COLUMNS) {
      FloatVector left = FloatVector.fromArray(SPECIES, weights, at);
      left = ExponentialLanes.exp(left.mul(scale).sub(leftSum));
      FloatVector right = FloatVector.fromArray(SPECIES, weights, at + LANES);
      right = ExponentialLanes.exp(right.mul(scale).sub(rightSum));
      left.intoArray(weightsByKey, line);
      right.intoArray(weightsByKey, line + LANES);
      left = left.mul(FloatVector.fromArray(SPECIES, slopes, at).sub(leftDelta)).mul(scale);
      right =
          right.mul(FloatVector.fromArray(SPECIES, slopes, at + LANES).sub(rightDelta)).mul(scale);
      left.intoArray(slopes, at);
      right.intoArray(slopes, at + LANES);
      left.intoArray(slopesByKey, line);
      right.intoArray(slopesByKey, line + LANES);
      line += LINE_STRIDE;
    }
  }

  /// Does the same for one vector, `half` a panel, and keys that some of its queries do not see.
  ///
  /// @param seesFirst the key that the first query of the panel sees last
  /// @param hidden how many keys the window hides from it
  void backwardPartly(
      float[] logSums,
      float[] deltas,
      int query,
      int lane,
      int half,
      int from,
      int to,
      int seesFirst,
      int hidden,
      float scale) {
    FloatVector logSum = FloatVector.fromArray(SPECIES, logSums, query);
    FloatVector delta = FloatVector.fromArray(SPECIES, deltas, query);
    FloatVector lanes = FloatVector.zero(SPECIES).addIndex(1).add(half);
    for (int key = from; key < to; key++) {
      int at = key * COLUMNS + half;
      FloatVector score = FloatVector.fromArray(SPECIES, weights, at);
      FloatVector weight = ExponentialLanes.exp(score.mul(scale).sub(logSum));
      if (key > seesFirst) {
        weight = weight.blend(0, lanes.compare(VectorOperators.LT, key - seesFirst));
      }
      if (key < hidden + COLUMNS - 1) {
        weight = weight.blend(0, lanes.compare(VectorOperators.GT, key - hidden));
      }
      weight.intoArray(weightsByKey, key * LINE_STRIDE + lane);
      FloatVector slope = FloatVector.fromArray(SPECIES, slopes, at);
      slope = weight.mul(slope.sub(delta)).mul(scale);
      slope.intoArray(slopes, at);
      slope.intoArray(slopesByKey, key * LINE_STRIDE + lane);
    }
  }

  /// Takes gradients of bounded scores to those of the scores before.
  void multiplySlopes(int lane, int half, int seen) {
    for (int key = 0; key < seen; key++) {
      int at = key * COLUMNS + half;
      FloatVector slope =
          FloatVector.fromArray(SPECIES, slopes, at)
              .mul(FloatVector.fromArray(SPECIES, steepness, at));
      slope.intoArray(slopes, at);
      slope.intoArray(slopesByKey, key * LINE_STRIDE + lane);
    }
  }
}
