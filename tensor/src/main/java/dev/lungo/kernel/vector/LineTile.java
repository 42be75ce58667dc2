package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.start;
import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;

/// Multiplies one register tile whose `a` is packed line by line: row after row along the depth,
/// [RegisterTile#LINE_STRIDE] floats apart.
final class LineTile {
  private static final int STRIDE = RegisterTile.LINE_STRIDE;

  private LineTile() {}

  static void rows4(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom, boolean add) {
    Objects.checkFromIndexSize(aFrom, 3 * STRIDE + depth, a.length);
    Objects.checkFromIndexSize(bFrom, depth * COLUMNS, b.length);
    Objects.checkFromIndexSize(cFrom, 4 * COLUMNS, c.length);
    FloatVector c00 = start(c, cFrom, add);
    FloatVector c01 = start(c, cFrom + LANES, add);
    FloatVector c10 = start(c, cFrom + 2 * LANES, add);
    FloatVector c11 = start(c, cFrom + 3 * LANES, add);
    FloatVector c20 = start(c, cFrom + 4 * LANES, add);
    FloatVector c21 = start(c, cFrom + 5 * LANES, add);
    FloatVector c30 = start(c, cFrom + 6 * LANES, add);
    FloatVector c31 = start(c, cFrom + 7 * LANES, add);
    int aAt = aFrom;
    for (int bAt = bFrom; bAt < bFrom + depth * COLUMNS; bAt += COLUMNS) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bAt);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bAt + LANES);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[aAt]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[aAt + STRIDE]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[aAt + 2 * STRIDE]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[aAt + 3 * STRIDE]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      aAt++;
    }
    c00.intoArray(c, cFrom);
    c01.intoArray(c, cFrom + LANES);
    c10.intoArray(c, cFrom + 2 * LANES);
    c11.intoArray(c, cFrom + 3 * LANES);
    c20.intoArray(c, cFrom + 4 * LANES);
    c21.intoArray(c, cFrom + 5 * LANES);
    c30.intoArray(c, cFrom + 6 * LANES);
    c31.intoArray(c, cFrom + 7 * LANES);
  }

  static void rows6(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom, boolean add) {
    Objects.checkFromIndexSize(aFrom, 5 * STRIDE + depth, a.length);
    Objects.checkFromIndexSize(bFrom, depth * COLUMNS, b.length);
    Objects.checkFromIndexSize(cFrom, 6 * COLUMNS, c.length);
    FloatVector c00 = start(c, cFrom, add);
    FloatVector c01 = start(c, cFrom + LANES, add);
    FloatVector c10 = start(c, cFrom + 2 * LANES, add);
    FloatVector c11 = start(c, cFrom + 3 * LANES, add);
    FloatVector c20 = start(c, cFrom + 4 * LANES, add);
    FloatVector c21 = start(c, cFrom + 5 * LANES, add);
    FloatVector c30 = start(c, cFrom + 6 * LANES, add);
    FloatVector c31 = start(c, cFrom + 7 * LANES, add);
    FloatVector c40 = start(c, cFrom + 8 * LANES, add);
    FloatVector c41 = start(c, cFrom + 9 * LANES, add);
    FloatVector c50 = start(c, cFrom + 10 * LANES, add);
    FloatVector c51 = start(c, cFrom + 11 * LANES, add);
    int aAt = aFrom;
    for (int bAt = bFrom; bAt < bFrom + depth * COLUMNS; bAt += COLUMNS) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bAt);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bAt + LANES);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[aAt]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[aAt + STRIDE]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[aAt + 2 * STRIDE]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[aAt + 3 * STRIDE]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[aAt + 4 * STRIDE]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[aAt + 5 * STRIDE]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
      aAt++;
    }
    c00.intoArray(c, cFrom);
    c01.intoArray(c, cFrom + LANES);
    c10.intoArray(c, cFrom + 2 * LANES);
    c11.intoArray(c, cFrom + 3 * LANES);
    c20.intoArray(c, cFrom + 4 * LANES);
    c21.intoArray(c, cFrom + 5 * LANES);
    c30.intoArray(c, cFrom + 6 * LANES);
    c31.intoArray(c, cFrom + 7 * LANES);
    c40.intoArray(c, cFrom + 8 * LANES);
    c41.intoArray(c, cFrom + 9 * LANES);
    c50.intoArray(c, cFrom + 10 * LANES);
    c51.intoArray(c, cFrom + 11 * LANES);
  }

  static void rows8(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom, boolean add) {
    Objects.checkFromIndexSize(aFrom, 7 * STRIDE + depth, a.length);
    Objects.checkFromIndexSize(bFrom, depth * COLUMNS, b.length);
    Objects.checkFromIndexSize(cFrom, 8 * COLUMNS, c.length);
    FloatVector c00 = start(c, cFrom, add);
    FloatVector c01 = start(c, cFrom + LANES, add);
    FloatVector c10 = start(c, cFrom + 2 * LANES, add);
    FloatVector c11 = start(c, cFrom + 3 * LANES, add);
    FloatVector c20 = start(c, cFrom + 4 * LANES, add);
    FloatVector c21 = start(c, cFrom + 5 * LANES, add);
    FloatVector c30 = start(c, cFrom + 6 * LANES, add);
    FloatVector c31 = start(c, cFrom + 7 * LANES, add);
    FloatVector c40 = start(c, cFrom + 8 * LANES, add);
    FloatVector c41 = start(c, cFrom + 9 * LANES, add);
    FloatVector c50 = start(c, cFrom + 10 * LANES, add);
    FloatVector c51 = start(c, cFrom + 11 * LANES, add);
    FloatVector c60 = start(c, cFrom + 12 * LANES, add);
    FloatVector c61 = start(c, cFrom + 13 * LANES, add);
    FloatVector c70 = start(c, cFrom + 14 * LANES, add);
    FloatVector c71 = start(c, cFrom + 15 * LANES, add);
    int aAt = aFrom;
    for (int bAt = bFrom; bAt < bFrom + depth * COLUMNS; bAt += COLUMNS) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bAt);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bAt + LANES);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[aAt]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[aAt + STRIDE]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[aAt + 2 * STRIDE]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[aAt + 3 * STRIDE]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[aAt + 4 * STRIDE]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[aAt + 5 * STRIDE]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
      FloatVector a6 = FloatVector.broadcast(SPECIES, a[aAt + 6 * STRIDE]);
      c60 = a6.fma(b0, c60);
      c61 = a6.fma(b1, c61);
      FloatVector a7 = FloatVector.broadcast(SPECIES, a[aAt + 7 * STRIDE]);
      c70 = a7.fma(b0, c70);
      c71 = a7.fma(b1, c71);
      aAt++;
    }
    c00.intoArray(c, cFrom);
    c01.intoArray(c, cFrom + LANES);
    c10.intoArray(c, cFrom + 2 * LANES);
    c11.intoArray(c, cFrom + 3 * LANES);
    c20.intoArray(c, cFrom + 4 * LANES);
    c21.intoArray(c, cFrom + 5 * LANES);
    c30.intoArray(c, cFrom + 6 * LANES);
    c31.intoArray(c, cFrom + 7 * LANES);
    c40.intoArray(c, cFrom + 8 * LANES);
    c41.intoArray(c, cFrom + 9 * LANES);
    c50.intoArray(c, cFrom + 10 * LANES);
    c51.intoArray(c, cFrom + 11 * LANES);
    c60.intoArray(c, cFrom + 12 * LANES);
    c61.intoArray(c, cFrom + 13 * LANES);
    c70.intoArray(c, cFrom + 14 * LANES);
    c71.intoArray(c, cFrom + 15 * LANES);
  }
}
