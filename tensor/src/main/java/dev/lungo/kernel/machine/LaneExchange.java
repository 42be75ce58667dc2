package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VPERM2F128;
import static dev.lungo.kernel.machine.Instruction.VPSHUFD;
import static dev.lungo.kernel.machine.Instruction.VSHUFI32X4;

/// Combines the lanes of a register, half with half, and leaves the result in each.
final class LaneExchange {
  /// The third and fourth of four before the first and second.
  private static final int HALVES = 0b01_00_11_10;

  /// Each of four for its neighbour.
  private static final int NEIGHBOURS = 0b10_11_00_01;

  private static final int UPPER_HALF_FIRST = 0x01;

  private LaneExchange() {}

  /// Writes the steps.
  ///
  /// @param spare a register that is overwritten
  static void write(Assembler a, Instruction combine, int register, int spare) {
    if (a.unit() == VectorUnit.AVX512) {
      a.vectorBy(VSHUFI32X4, spare, register, register, HALVES);
      a.vector(combine, register, register, spare);
      a.vectorBy(VSHUFI32X4, spare, register, register, NEIGHBOURS);
      a.vector(combine, register, register, spare);
    } else {
      a.vectorBy(VPERM2F128, spare, register, register, UPPER_HALF_FIRST);
      a.vector(combine, register, register, spare);
    }
    a.vectorBy(VPSHUFD, spare, 0, register, HALVES);
    a.vector(combine, register, register, spare);
    a.vectorBy(VPSHUFD, spare, 0, register, NEIGHBOURS);
    a.vector(combine, register, register, spare);
  }
}
