package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Sums the lanes of several vectors at once: what is left of several dot products when all their
/// numbers have been multiplied. One vector alone would keep the processor waiting for each of its
/// few additions.
///
/// The order of a sum is the same wherever its vector stands. Belongs to one thread.
final class LaneSums {
  /// Vectors that are summed together.
  static final int ROWS = Transposition.SIDE;

  private static final VectorSpecies<Float> TOTALS = FloatVector.SPECIES_256;

  /// Where the vectors are put, one after the other.
  final float[] vectors = new float[ROWS * LANES];

  private final float[] turned = new float[ROWS * LANES];

  /// Adds the sums of the first `count` vectors to y, from `at` on.
  void addTo(float[] y, int at, int count) {
    if (LANES < ROWS) {
      for (int row = 0; row < count; row++) {
        y[at + row] += RowDots.total(vectors, row * LANES);
      }
      return;
    }
    Transposition.copy(vectors, 0, LANES, ROWS, LANES, turned, 0, ROWS);
    for (int half = LANES / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; lane++) {
        FloatVector sum = FloatVector.fromArray(TOTALS, turned, lane * ROWS);
        sum.add(FloatVector.fromArray(TOTALS, turned, (lane + half) * ROWS))
            .intoArray(turned, lane * ROWS);
      }
    }
    for (int row = 0; row < count; row++) {
      y[at + row] += turned[row];
    }
  }
}
