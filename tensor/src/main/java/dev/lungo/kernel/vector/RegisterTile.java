package dev.lungo.kernel.vector;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The innermost loop of every matrix product: [#ROWS] × [#COLUMNS] sums held in vector registers.
///
/// Both operands are packed: for each step of the depth, `a` has [#ROWS] floats and `b` has
/// [#COLUMNS]. The code looks the way it does for the compiler's sake, and every point was measured
/// (docs/log.md): the bounds are checked before the loop, nothing is unrolled by hand, and the
/// number of rows is what the registers hold.
final class RegisterTile {
  static final VectorSpecies<Float> SPECIES = Lanes.SPECIES;
  static final int LANES = Lanes.LENGTH;

  /// Columns of a tile: two vectors.
  static final int COLUMNS = 2 * LANES;

  /// Rows of a tile.
  static final int ROWS = rows();

  /// The longest depth of one call: panels this deep fit the first-level cache together.
  static final int DEPTH = 256;

  private RegisterTile() {}

  /// Chooses the rows. 32 registers (AVX-512, NEON) hold eight rows with all loads ahead of the
  /// sums. 16 hold six if the compiler loads each row just before its use, which it does only
  /// without OptoRegScheduling, and four otherwise.
  private static int rows() {
    boolean manyRegisters = LANES >= 16 || System.getProperty("os.arch").equals("aarch64");
    if (manyRegisters) {
      return 8;
    }
    var virtualMachine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    boolean loadsAhead =
        virtualMachine == null
            || Boolean.parseBoolean(virtualMachine.getVMOption("OptoRegScheduling").getValue());
    return loadsAhead ? 4 : 6;
  }

  /// Computes c = a·b for one tile; its rows follow each other from `cFrom`.
  static void multiply(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom) {
    switch (ROWS) {
      case 4 -> tile4(a, aFrom, b, bFrom, depth, c, cFrom);
      case 6 -> tile6(a, aFrom, b, bFrom, depth, c, cFrom);
      default -> tile8(a, aFrom, b, bFrom, depth, c, cFrom);
    }
  }

  private static void tile4(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom) {
    Objects.checkFromIndexSize(aFrom, depth * 4, a.length);
    Objects.checkFromIndexSize(bFrom, depth * COLUMNS, b.length);
    Objects.checkFromIndexSize(cFrom, 4 * COLUMNS, c.length);
    FloatVector c00 = FloatVector.zero(SPECIES), c01 = c00;
    FloatVector c10 = FloatVector.zero(SPECIES), c11 = c10;
    FloatVector c20 = FloatVector.zero(SPECIES), c21 = c20;
    FloatVector c30 = FloatVector.zero(SPECIES), c31 = c30;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bFrom + k * COLUMNS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bFrom + k * COLUMNS + LANES);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[aFrom + k * 4]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[aFrom + k * 4 + 1]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[aFrom + k * 4 + 2]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[aFrom + k * 4 + 3]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
    }
    c00.intoArray(c, cFrom);
    c01.intoArray(c, cFrom + LANES);
    c10.intoArray(c, cFrom + COLUMNS);
    c11.intoArray(c, cFrom + COLUMNS + LANES);
    c20.intoArray(c, cFrom + 2 * COLUMNS);
    c21.intoArray(c, cFrom + 2 * COLUMNS + LANES);
    c30.intoArray(c, cFrom + 3 * COLUMNS);
    c31.intoArray(c, cFrom + 3 * COLUMNS + LANES);
  }

  private static void tile6(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom) {
    Objects.checkFromIndexSize(aFrom, depth * 6, a.length);
    Objects.checkFromIndexSize(bFrom, depth * COLUMNS, b.length);
    Objects.checkFromIndexSize(cFrom, 6 * COLUMNS, c.length);
    FloatVector c00 = FloatVector.zero(SPECIES), c01 = c00;
    FloatVector c10 = FloatVector.zero(SPECIES), c11 = c10;
    FloatVector c20 = FloatVector.zero(SPECIES), c21 = c20;
    FloatVector c30 = FloatVector.zero(SPECIES), c31 = c30;
    FloatVector c40 = FloatVector.zero(SPECIES), c41 = c40;
    FloatVector c50 = FloatVector.zero(SPECIES), c51 = c50;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bFrom + k * COLUMNS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bFrom + k * COLUMNS + LANES);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[aFrom + k * 6]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[aFrom + k * 6 + 1]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[aFrom + k * 6 + 2]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[aFrom + k * 6 + 3]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[aFrom + k * 6 + 4]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[aFrom + k * 6 + 5]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
    }
    c00.intoArray(c, cFrom);
    c01.intoArray(c, cFrom + LANES);
    c10.intoArray(c, cFrom + COLUMNS);
    c11.intoArray(c, cFrom + COLUMNS + LANES);
    c20.intoArray(c, cFrom + 2 * COLUMNS);
    c21.intoArray(c, cFrom + 2 * COLUMNS + LANES);
    c30.intoArray(c, cFrom + 3 * COLUMNS);
    c31.intoArray(c, cFrom + 3 * COLUMNS + LANES);
    c40.intoArray(c, cFrom + 4 * COLUMNS);
    c41.intoArray(c, cFrom + 4 * COLUMNS + LANES);
    c50.intoArray(c, cFrom + 5 * COLUMNS);
    c51.intoArray(c, cFrom + 5 * COLUMNS + LANES);
  }

  private static void tile8(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom) {
    Objects.checkFromIndexSize(aFrom, depth * 8, a.length);
    Objects.checkFromIndexSize(bFrom, depth * COLUMNS, b.length);
    Objects.checkFromIndexSize(cFrom, 8 * COLUMNS, c.length);
    FloatVector c00 = FloatVector.zero(SPECIES), c01 = c00;
    FloatVector c10 = FloatVector.zero(SPECIES), c11 = c10;
    FloatVector c20 = FloatVector.zero(SPECIES), c21 = c20;
    FloatVector c30 = FloatVector.zero(SPECIES), c31 = c30;
    FloatVector c40 = FloatVector.zero(SPECIES), c41 = c40;
    FloatVector c50 = FloatVector.zero(SPECIES), c51 = c50;
    FloatVector c60 = FloatVector.zero(SPECIES), c61 = c60;
    FloatVector c70 = FloatVector.zero(SPECIES), c71 = c70;
    for (int k = 0; k < depth; k++) {
      FloatVector b0 = FloatVector.fromArray(SPECIES, b, bFrom + k * COLUMNS);
      FloatVector b1 = FloatVector.fromArray(SPECIES, b, bFrom + k * COLUMNS + LANES);
      FloatVector a0 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 1]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 2]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 3]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 4]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 5]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
      FloatVector a6 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 6]);
      c60 = a6.fma(b0, c60);
      c61 = a6.fma(b1, c61);
      FloatVector a7 = FloatVector.broadcast(SPECIES, a[aFrom + k * 8 + 7]);
      c70 = a7.fma(b0, c70);
      c71 = a7.fma(b1, c71);
    }
    c00.intoArray(c, cFrom);
    c01.intoArray(c, cFrom + LANES);
    c10.intoArray(c, cFrom + COLUMNS);
    c11.intoArray(c, cFrom + COLUMNS + LANES);
    c20.intoArray(c, cFrom + 2 * COLUMNS);
    c21.intoArray(c, cFrom + 2 * COLUMNS + LANES);
    c30.intoArray(c, cFrom + 3 * COLUMNS);
    c31.intoArray(c, cFrom + 3 * COLUMNS + LANES);
    c40.intoArray(c, cFrom + 4 * COLUMNS);
    c41.intoArray(c, cFrom + 4 * COLUMNS + LANES);
    c50.intoArray(c, cFrom + 5 * COLUMNS);
    c51.intoArray(c, cFrom + 5 * COLUMNS + LANES);
    c60.intoArray(c, cFrom + 6 * COLUMNS);
    c61.intoArray(c, cFrom + 6 * COLUMNS + LANES);
    c70.intoArray(c, cFrom + 7 * COLUMNS);
    c71.intoArray(c, cFrom + 7 * COLUMNS + LANES);
  }
}
