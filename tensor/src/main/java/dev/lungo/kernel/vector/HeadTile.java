package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.LINE_STRIDE;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/// The two products of attention for one query whose heads share keys and values, one head a lane:
/// both read keys and values as they are stored, row by row.
final class HeadTile {
  /// Keys that meet the heads together.
  static final int KEYS = 8;

  /// Heads whose values are mixed together.
  static final int HEADS = 4;

  /// Floats between two rows of values: not a multiple of a vector's lanes, by which the weights
  /// advance, because the compiler would compute one index from the other in every step.
  static final int VALUE_STRIDE = RegisterTile.DEPTH + 4;

  private HeadTile() {}

  /// Computes the scores of [#KEYS] keys, rows [RegisterTile#LINE_STRIDE] apart, with all lanes'
  /// queries, which are stored dimension by dimension.
  static void score(
      float[] keys,
      int keyFrom,
      float[] queries,
      int queryFrom,
      int depth,
      float[] scores,
      int scoreFrom) {
    Objects.checkFromIndexSize(keyFrom, (KEYS - 1) * LINE_STRIDE + depth, keys.length);
    Objects.checkFromIndexSize(queryFrom, depth * LANES, queries.length);
    Objects.checkFromIndexSize(scoreFrom, KEYS * LANES, scores.length);
    FloatVector score0 = FloatVector.zero(SPECIES);
    FloatVector score1 = FloatVector.zero(SPECIES);
    FloatVector score2 = FloatVector.zero(SPECIES);
    FloatVector score3 = FloatVector.zero(SPECIES);
    FloatVector score4 = FloatVector.zero(SPECIES);
    FloatVector score5 = FloatVector.zero(SPECIES);
    FloatVector score6 = FloatVector.zero(SPECIES);
    FloatVector score7 = FloatVector.zero(SPECIES);
    int key = keyFrom;
    for (int at = queryFrom; at < queryFrom + depth * LANES; at += LANES) {
      FloatVector query = FloatVector.fromArray(SPECIES, queries, at);
      score0 = FloatVector.broadcast(SPECIES, keys[key]).fma(query, score0);
      score1 = FloatVector.broadcast(SPECIES, keys[key + LINE_STRIDE]).fma(query, score1);
      score2 = FloatVector.broadcast(SPECIES, keys[key + 2 * LINE_STRIDE]).fma(query, score2);
      score3 = FloatVector.broadcast(SPECIES, keys[key + 3 * LINE_STRIDE]).fma(query, score3);
      score4 = FloatVector.broadcast(SPECIES, keys[key + 4 * LINE_STRIDE]).fma(query, score4);
      score5 = FloatVector.broadcast(SPECIES, keys[key + 5 * LINE_STRIDE]).fma(query, score5);
      score6 = FloatVector.broadcast(SPECIES, keys[key + 6 * LINE_STRIDE]).fma(query, score6);
      score7 = FloatVector.broadcast(SPECIES, keys[key + 7 * LINE_STRIDE]).fma(query, score7);
      key++;
    }
    score0.intoArray(scores, scoreFrom);
    score1.intoArray(scores, scoreFrom + LANES);
    score2.intoArray(scores, scoreFrom + 2 * LANES);
    score3.intoArray(scores, scoreFrom + 3 * LANES);
    score4.intoArray(scores, scoreFrom + 4 * LANES);
    score5.intoArray(scores, scoreFrom + 5 * LANES);
    score6.intoArray(scores, scoreFrom + 6 * LANES);
    score7.intoArray(scores, scoreFrom + 7 * LANES);
  }

  /// Adds [RegisterTile#COLUMNS] dimensions of `count` values, rows [#VALUE_STRIDE] apart, weighted
  /// for each of [#HEADS] heads, to those heads' sums.
  ///
  /// @param weights of the first of the heads for the first value; a vector a value
  static void mix(
      float[] weights,
      int weightFrom,
      float[] values,
      int valueFrom,
      int count,
      float[] sums,
      int sumFrom) {
    Objects.checkFromIndexSize(weightFrom, (count - 1) * LANES + HEADS, weights.length);
    Objects.checkFromIndexSize(valueFrom, (count - 1) * VALUE_STRIDE + COLUMNS, values.length);
    Objects.checkFromIndexSize(sumFrom, HEADS * COLUMNS, sums.length);
    FloatVector sum00 = FloatVector.fromArray(SPECIES, sums, sumFrom);
    FloatVector sum01 = FloatVector.fromArray(SPECIES, sums, sumFrom + LANES);
    FloatVector sum10 = FloatVector.fromArray(SPECIES, sums, sumFrom + 2 * LANES);
    FloatVector sum11 = FloatVector.fromArray(SPECIES, sums, sumFrom + 3 * LANES);
    FloatVector sum20 = FloatVector.fromArray(SPECIES, sums, sumFrom + 4 * LANES);
    FloatVector sum21 = FloatVector.fromArray(SPECIES, sums, sumFrom + 5 * LANES);
    FloatVector sum30 = FloatVector.fromArray(SPECIES, sums, sumFrom + 6 * LANES);
    FloatVector sum31 = FloatVector.fromArray(SPECIES, sums, sumFrom + 7 * LANES);
    int at = weightFrom;
    for (int value = valueFrom; value < valueFrom + count * VALUE_STRIDE; value += VALUE_STRIDE) {
      FloatVector left = FloatVector.fromArray(SPECIES, values, value);
      FloatVector right = FloatVector.fromArray(SPECIES, values, value + LANES);
      FloatVector weight0 = FloatVector.broadcast(SPECIES, weights[at]);
      sum00 = weight0.fma(left, sum00);
      sum01 = weight0.fma(right, sum01);
      FloatVector weight1 = FloatVector.broadcast(SPECIES, weights[at + 1]);
      sum10 = weight1.fma(left, sum10);
      sum11 = weight1.fma(right, sum11);
      FloatVector weight2 = FloatVector.broadcast(SPECIES, weights[at + 2]);
      sum20 = weight2.fma(left, sum20);
      sum21 = weight2.fma(right, sum21);
      FloatVector weight3 = FloatVector.broadcast(SPECIES, weights[at + 3]);
      sum30 = weight3.fma(left, sum30);
      sum31 = weight3.fma(right, sum31);
      at += LANES;
    }
    sum00.intoArray(sums, sumFrom);
    sum01.intoArray(sums, sumFrom + LANES);
    sum10.intoArray(sums, sumFrom + 2 * LANES);
    sum11.intoArray(sums, sumFrom + 3 * LANES);
    sum20.intoArray(sums, sumFrom + 4 * LANES);
    sum21.intoArray(sums, sumFrom + 5 * LANES);
    sum30.intoArray(sums, sumFrom + 6 * LANES);
    sum31.intoArray(sums, sumFrom + 7 * LANES);
  }
}
