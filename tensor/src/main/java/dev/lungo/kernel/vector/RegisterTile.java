package dev.lungo.kernel.vector;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import jdk.incubator.vector.VectorSpecies;

/// The innermost loop of every matrix product: [#ROWS] × [#COLUMNS] sums held in vector registers.
///
/// Both operands are packed: `b` has [#COLUMNS] floats for each step of the depth, `a` is packed
/// step by step ([StepTile]) or line by line ([LineTile]). The code of the loops looks the way it
/// does for the compiler's sake, and every point was measured (docs/log.md): the bounds are checked
/// before the loop, nothing is unrolled by hand, the number of rows is what the registers hold, and
/// each operand has an index of its own that is not a multiple of the other, because the compiler
/// would then compute it anew in every step.
final class RegisterTile {
  static final VectorSpecies<Float> SPECIES = Lanes.SPECIES;
  static final int LANES = Lanes.LENGTH;

  /// Columns of a tile: two vectors.
  static final int COLUMNS = 2 * LANES;

  /// Rows of a tile.
  static final int ROWS = rows();

  /// The longest depth of one call: panels this deep fit the first-level cache together.
  static final int DEPTH = 256;

  /// Floats between two rows of `a` that are packed line by line: a cache line more than the
  /// longest, so that rows do not compete for the same cache sets.
  static final int LINE_STRIDE = DEPTH + 16;

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

  /// Computes c = a·b, or adds it to c, for one tile; its rows follow each other from `cFrom`. `a`
  /// has, for each step of the depth, a float of every row.
  static void multiplySteps(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom, boolean add) {
    switch (ROWS) {
      case 4 -> StepTile.rows4(a, aFrom, b, bFrom, depth, c, cFrom, add);
      case 6 -> StepTile.rows6(a, aFrom, b, bFrom, depth, c, cFrom, add);
      default -> StepTile.rows8(a, aFrom, b, bFrom, depth, c, cFrom, add);
    }
  }

  /// Computes c = a·b, or adds it to c, for one tile, with the rows of `a` [#LINE_STRIDE] apart.
  static void multiplyLines(
      float[] a, int aFrom, float[] b, int bFrom, int depth, float[] c, int cFrom, boolean add) {
    switch (ROWS) {
      case 4 -> LineTile.rows4(a, aFrom, b, bFrom, depth, c, cFrom, add);
      case 6 -> LineTile.rows6(a, aFrom, b, bFrom, depth, c, cFrom, add);
      default -> LineTile.rows8(a, aFrom, b, bFrom, depth, c, cFrom, add);
    }
  }

  /// Returns how many rows to take at once where `left` are left: whole tiles, and at the end a
  /// smaller one that wastes less.
  static int rowsFor(int left) {
    return left <= 4 ? 4 : ROWS;
  }

  /// Does what [#multiplyLines] does with as many rows as [#rowsFor] says.
  static void multiplyLines(
      int rows,
      float[] a,
      int aFrom,
      float[] b,
      int bFrom,
      int depth,
      float[] c,
      int cFrom,
      boolean add) {
    if (rows == 4) {
      LineTile.rows4(a, aFrom, b, bFrom, depth, c, cFrom, add);
    } else {
      multiplyLines(a, aFrom, b, bFrom, depth, c, cFrom, add);
    }
  }
}
