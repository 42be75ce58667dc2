package dev.lungo.kernel.vector;

import jdk.incubator.vector.FloatVector;

/// Sums of the lanes of a few vectors that were left in an array, always in the same order.
final class LaneSums {
  /// How many vectors are summed together.
  static final int ROWS = 4;

  private LaneSums() {}

  /// Puts the sums of the first `count` vectors into `sums`, and overwrites the vectors.
  static void of(float[] lanes, float[] sums, int at, int count) {
    for (int row = 0; row < count; row++) {
      int from = row * Lanes.LENGTH;
      // Written out: in a loop over the quarters each of them became an object.
      FloatVector four = FloatVector.fromArray(FloatVector.SPECIES_128, lanes, from);
      if (Lanes.LENGTH >= 8) {
        four = four.add(FloatVector.fromArray(FloatVector.SPECIES_128, lanes, from + 4));
      }
      if (Lanes.LENGTH == 16) {
        FloatVector third = FloatVector.fromArray(FloatVector.SPECIES_128, lanes, from + 8);
        FloatVector fourth = FloatVector.fromArray(FloatVector.SPECIES_128, lanes, from + 12);
        four = four.add(third.add(fourth));
      }
      four.intoArray(lanes, from);
    }
    for (int row = 0; row < count; row++) {
      int from = row * Lanes.LENGTH;
      sums[at + row] = (lanes[from] + lanes[from + 2]) + (lanes[from + 1] + lanes[from + 3]);
    }
  }
}
