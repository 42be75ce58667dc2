package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Transposes small matrices between arrays: eight by eight in registers where vectors hold at
/// least eight floats, and float by float elsewhere and at the edges.
///
/// Three times, pairs of vectors exchange halves, quarters and eighths; what stays in a vector is
/// blended with what comes.
final class Transposition {
  /// Lines that are read together: an array must not end before the eighth.
  static final int SIDE = 8;

  private static final boolean IN_REGISTERS = LANES >= SIDE;
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_256;

  private static final VectorShuffle<Float> BY_4 = VectorShuffle.fromOp(SPECIES, lane -> lane ^ 4);
  private static final VectorShuffle<Float> BY_2 = VectorShuffle.fromOp(SPECIES, lane -> lane ^ 2);
  private static final VectorShuffle<Float> BY_1 = VectorShuffle.fromOp(SPECIES, lane -> lane ^ 1);
  private static final VectorMask<Float> HALVES = VectorMask.fromLong(SPECIES, 0b1111_0000);
  private static final VectorMask<Float> QUARTERS = VectorMask.fromLong(SPECIES, 0b1100_1100);
  private static final VectorMask<Float> EIGHTHS = VectorMask.fromLong(SPECIES, 0b1010_1010);

  private Transposition() {}

  /// Copies `lines` × `depth` to `depth` × `lines`: float k of line i goes to at + k · toStride +
  /// i.
  ///
  /// @param from where the first line starts; `fromStride` floats lie between two lines, and up to
  ///   [#SIDE] lines are read, whatever is in those beyond `lines`
  static void copy(
      float[] source,
      int from,
      int fromStride,
      int lines,
      int depth,
      float[] into,
      int at,
      int toStride) {
    for (int line = 0; line < lines; line += SIDE) {
      int some = Math.min(SIDE, lines - line);
      int first = from + line * fromStride;
      // With fewer lines a vector overhangs into the next step, which is written later; the last
      // step has no next.
      int whole =
          !IN_REGISTERS ? 0 : some == SIDE ? depth / SIDE * SIDE : (depth - 1) / SIDE * SIDE;
      boolean overhangs = some < SIDE && toStride != some;
      for (int k = 0; k < (overhangs ? 0 : whole); k += SIDE) {
        square(source, first + k, fromStride, into, at + line + k * toStride, toStride);
      }
      for (int i = 0; i < some; i++) {
        spread(
            source,
            first + i * fromStride,
            overhangs ? 0 : whole,
            depth,
            into,
            at + line + i,
            toStride);
      }
    }
  }

  private static void spread(
      float[] source, int from, int first, int depth, float[] into, int at, int toStride) {
    for (int k = first; k < depth; k++) {
      into[at + k * toStride] = source[from + k];
    }
  }

  private static void square(
      float[] source, int from, int fromStride, float[] into, int at, int toStride) {
    FloatVector a0 = FloatVector.fromArray(SPECIES, source, from);
    FloatVector a1 = FloatVector.fromArray(SPECIES, source, from + fromStride);
    FloatVector a2 = FloatVector.fromArray(SPECIES, source, from + 2 * fromStride);
    FloatVector a3 = FloatVector.fromArray(SPECIES, source, from + 3 * fromStride);
    FloatVector a4 = FloatVector.fromArray(SPECIES, source, from + 4 * fromStride);
    FloatVector a5 = FloatVector.fromArray(SPECIES, source, from + 5 * fromStride);
    FloatVector a6 = FloatVector.fromArray(SPECIES, source, from + 6 * fromStride);
    FloatVector a7 = FloatVector.fromArray(SPECIES, source, from + 7 * fromStride);
    FloatVector b0 = a0.blend(a4.rearrange(BY_4), HALVES);
    FloatVector b1 = a1.blend(a5.rearrange(BY_4), HALVES);
    FloatVector b2 = a2.blend(a6.rearrange(BY_4), HALVES);
    FloatVector b3 = a3.blend(a7.rearrange(BY_4), HALVES);
    FloatVector b4 = a0.rearrange(BY_4).blend(a4, HALVES);
    FloatVector b5 = a1.rearrange(BY_4).blend(a5, HALVES);
    FloatVector b6 = a2.rearrange(BY_4).blend(a6, HALVES);
    FloatVector b7 = a3.rearrange(BY_4).blend(a7, HALVES);
    FloatVector c0 = b0.blend(b2.rearrange(BY_2), QUARTERS);
    FloatVector c1 = b1.blend(b3.rearrange(BY_2), QUARTERS);
    FloatVector c2 = b0.rearrange(BY_2).blend(b2, QUARTERS);
    FloatVector c3 = b1.rearrange(BY_2).blend(b3, QUARTERS);
    FloatVector c4 = b4.blend(b6.rearrange(BY_2), QUARTERS);
    FloatVector c5 = b5.blend(b7.rearrange(BY_2), QUARTERS);
    FloatVector c6 = b4.rearrange(BY_2).blend(b6, QUARTERS);
    FloatVector c7 = b5.rearrange(BY_2).blend(b7, QUARTERS);
    c0.blend(c1.rearrange(BY_1), EIGHTHS).intoArray(into, at);
    c0.rearrange(BY_1).blend(c1, EIGHTHS).intoArray(into, at + toStride);
    c2.blend(c3.rearrange(BY_1), EIGHTHS).intoArray(into, at + 2 * toStride);
    c2.rearrange(BY_1).blend(c3, EIGHTHS).intoArray(into, at + 3 * toStride);
    c4.blend(c5.rearrange(BY_1), EIGHTHS).intoArray(into, at + 4 * toStride);
    c4.rearrange(BY_1).blend(c5, EIGHTHS).intoArray(into, at + 5 * toStride);
    c6.blend(c7.rearrange(BY_1), EIGHTHS).intoArray(into, at + 6 * toStride);
    c6.rearrange(BY_1).blend(c7, EIGHTHS).intoArray(into, at + 7 * toStride);
  }
}
