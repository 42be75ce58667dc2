package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VCMPPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD213PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VRNDSCALEPS;
import static dev.lungo.kernel.machine.Instruction.VSCALEFPS;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Writes 2^x for x up to 127, within 2 units in the last place; 0 below -126, and no number of
/// what is none.
///
/// x is split into the nearest whole number and a rest of at most 1/2, for which a polynomial of
/// degree 5 is off by 7.5e-8 at most (coefficients by Remez' exchange, for the relative error).
final class PowerOfTwo {
  private static final float[] COEFFICIENTS = {
    0.00132764720f, 0.00967554133f, 0.0555071327f, 0.240221197f, 0.693146967f, 1.00000007f
  };

  private static final float LEAST = -126;

  /// What [#prepare] reads.
  private static final MemorySegment MEMORY = memory();

  static final long ADDRESS = MEMORY.address();

  /// How many registers [#prepare] fills.
  static final int REGISTERS = COEFFICIENTS.length + 1;

  /// [Instruction#VCMPPS]: not less, or no number.
  private static final int NOT_LESS = 5;

  private static final int MASK = 7;

  private PowerOfTwo() {}

  private static MemorySegment memory() {
    MemorySegment memory =
        Arena.global().allocate(ValueLayout.JAVA_FLOAT, COEFFICIENTS.length + 1L);
    MemorySegment.copy(COEFFICIENTS, 0, memory, ValueLayout.JAVA_FLOAT, 0, COEFFICIENTS.length);
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, COEFFICIENTS.length, LEAST);
    return memory;
  }

  /// Fills [#REGISTERS] registers from `first` on.
  ///
  /// @param numbers holds [#ADDRESS]
  static void prepare(Assembler a, int first, Register numbers) {
    for (int i = 0; i < REGISTERS; i++) {
      a.zmm(VPBROADCASTD, first + i, at(numbers, i * Float.BYTES));
    }
  }

  /// Replaces x by 2^x.
  ///
  /// @param constants what [#prepare] filled
  /// @param spare the first of two registers that are overwritten
  static void write(Assembler a, int x, int constants, int spare) {
    int sum = spare + 1;
    a.zmmBy(VCMPPS, MASK, x, constants + COEFFICIENTS.length, NOT_LESS);
    a.zmmBy(VRNDSCALEPS, spare, 0, x, 0);
    a.zmm(VSUBPS, x, x, spare);
    a.zmm(VMOVDQU32, sum, constants);
    for (int i = 1; i < COEFFICIENTS.length; i++) {
      a.zmm(VFMADD213PS, sum, x, constants + i);
    }
    a.zmmOrZero(VSCALEFPS, MASK, x, sum, spare);
  }
}
