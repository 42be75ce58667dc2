package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VPSHUFD;
import static dev.lungo.kernel.machine.Instruction.VSHUFI32X4;

/// Combines the sixteen lanes of a register in four steps, and leaves the result in each.
final class LaneExchange {
  /// The third and fourth of four before the first and second.
  private static final int HALVES = 0b01_00_11_10;

  /// Each of four for its neighbour.
  private static final int NEIGHBOURS = 0b10_11_00_01;

  private LaneExchange() {}

  /// Writes the steps.
  ///
  /// @param spare a register that is overwritten
  static void write(Assembler a, Instruction combine, int register, int spare) {
    a.zmmBy(VSHUFI32X4, spare, register, register, HALVES);
    a.zmm(combine, register, register, spare);
    a.zmmBy(VSHUFI32X4, spare, register, register, NEIGHBOURS);
    a.zmm(combine, register, register, spare);
    a.zmmBy(VPSHUFD, spare, 0, register, HALVES);
    a.zmm(combine, register, register, spare);
    a.zmmBy(VPSHUFD, spare, 0, register, NEIGHBOURS);
    a.zmm(combine, register, register, spare);
  }
}
