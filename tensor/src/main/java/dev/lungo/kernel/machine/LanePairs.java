package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VPUNPCKHDQ;
import static dev.lungo.kernel.machine.Instruction.VPUNPCKLDQ;
import static dev.lungo.kernel.machine.Instruction.VSHUFPS;

/// Two rows of a panel side by side, as *pairs*: two registers in which a lane of the one row is
/// followed by the same lane of the other.
///
/// A product then takes two numbers of A at once, and one load of them serves two multiplications.
/// Where a row of a panel has one vector only, it otherwise waits for loads.
final class LanePairs {
  /// The first number of each pair, and the second.
  private static final int FIRST = 0b10_00_10_00;

  private static final int SECOND = 0b11_01_11_01;

  private LanePairs() {}

  /// Makes pairs of two rows.
  static void join(Assembler a, int first, int second, int spare) {
    a.vector(VPUNPCKLDQ, spare, first, second);
    a.vector(VPUNPCKHDQ, second, first, second);
    a.vector(VMOVDQU32, first, spare);
  }

  /// Makes pairs of a row and itself.
  static void repeat(Assembler a, int row, int other) {
    a.vector(VPUNPCKHDQ, other, row, row);
    a.vector(VPUNPCKLDQ, row, row, row);
  }

  /// Makes two rows of pairs.
  static void separate(Assembler a, int first, int second, int spare) {
    a.vectorBy(VSHUFPS, spare, first, second, FIRST);
    a.vectorBy(VSHUFPS, second, first, second, SECOND);
    a.vector(VMOVDQU32, first, spare);
  }

  /// Adds the numbers of each pair; the registers of the pairs may be `to`.
  static void add(Assembler a, int to, int first, int second, int spare) {
    a.vectorBy(VSHUFPS, spare, first, second, FIRST);
    a.vectorBy(VSHUFPS, to, first, second, SECOND);
    a.vector(VADDPS, to, to, spare);
  }
}
