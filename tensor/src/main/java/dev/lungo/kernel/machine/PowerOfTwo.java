package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VCMPPS;
import static dev.lungo.kernel.machine.Instruction.VCVTPS2DQ;
import static dev.lungo.kernel.machine.Instruction.VFMADD213PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VPADDD;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPSLLVD;
import static dev.lungo.kernel.machine.Instruction.VRNDSCALEPS;
import static dev.lungo.kernel.machine.Instruction.VSCALEFPS;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;

/// Writes 2^x for x up to 127, within 2 units in the last place; 0 below -100 (with AVX2 from -99.5
/// down), and no number of what is none.
///
/// A weight of 2^-100 is nothing beside others that come to about 1. Smaller ones would, times
/// values, soon be subnormal numbers, for which some processors take a hundred cycles.
///
/// x is split into the nearest whole number and a rest of at most 1/2, for which a polynomial of
/// degree 5 is off by 7.5e-8 at most (coefficients by Remez' exchange, for the relative error).
/// AVX-512 multiplies by a power of 2; with AVX2, whole numbers are added to exponents.
final class PowerOfTwo {
  static final float[] COEFFICIENTS = {
    0.00132764720f, 0.00967554133f, 0.0555071327f, 0.240221197f, 0.693146967f, 1.00000007f
  };

  private static final float LEAST = -100;

  /// What [#prepare] reads.
  private static final MemorySegment MEMORY = memory();

  static final long ADDRESS = MEMORY.address();

  /// How many registers [#prepare] fills.
  static final int REGISTERS = COEFFICIENTS.length + 1;

  /// [Instruction#VCMPPS]: not less, or no number.
  private static final int NOT_LESS = 5;

  private static final int MASK = 7;

  /// In each lane the number of the first bit of an exponent.
  private static final List<Integer> EXPONENT = Collections.nCopies(8, 23);

  private PowerOfTwo() {}

  private static MemorySegment memory() {
    MemorySegment memory =
        Arena.global().allocate(ValueLayout.JAVA_FLOAT, COEFFICIENTS.length + 1L);
    MemorySegment.copy(COEFFICIENTS, 0, memory, ValueLayout.JAVA_FLOAT, 0, COEFFICIENTS.length);
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, COEFFICIENTS.length, LEAST);
    return memory;
  }

  /// Fills [#REGISTERS] registers from `first` on; none with AVX2, which has too few.
  ///
  /// @param numbers holds [#ADDRESS]
  static void prepare(Assembler a, int first, Register numbers) {
    if (a.unit() == VectorUnit.AVX2) {
      return;
    }
    for (int i = 0; i < REGISTERS; i++) {
      a.vector(VPBROADCASTD, first + i, at(numbers, i * Float.BYTES));
    }
  }

  /// Replaces x by 2^x.
  ///
  /// @param constants what [#prepare] filled
  /// @param spare the first of two registers that are overwritten
  static void write(Assembler a, int x, int constants, int spare) {
    if (a.unit() == VectorUnit.AVX2) {
      write(a, x, spare);
      return;
    }
    int sum = spare + 1;
    a.vectorBy(VCMPPS, MASK, x, constants + COEFFICIENTS.length, NOT_LESS);
    a.vectorBy(VRNDSCALEPS, spare, 0, x, 0);
    a.vector(VSUBPS, x, x, spare);
    a.vector(VMOVDQU32, sum, constants);
    for (int i = 1; i < COEFFICIENTS.length; i++) {
      a.vector(VFMADD213PS, sum, x, constants + i);
    }
    a.zmmOrZero(VSCALEFPS, MASK, x, sum, spare);
  }

  private static void write(Assembler a, int x, int spare) {
    int sum = spare + 1;
    a.vectorBy(VRNDSCALEPS, spare, 0, x, 0);
    a.vector(VSUBPS, x, x, spare);
    a.vector(VMOVDQU32, sum, a.constant(COEFFICIENTS[0]));
    for (int i = 1; i < COEFFICIENTS.length; i++) {
      a.vector(VFMADD213PS, sum, x, a.constant(COEFFICIENTS[i]));
    }
    // Of whole numbers: what rounds to LEAST, partly below it, is 0 as well.
    a.vector(VMOVDQU32, x, a.constant(LEAST + 1));
    a.vectorBy(VCMPPS, x, spare, x, NOT_LESS);
    a.vector(VCVTPS2DQ, spare, spare);
    a.vector(VPSLLVD, spare, spare, a.constant(EXPONENT));
    a.vector(VPADDD, sum, sum, spare);
    a.vector(VPANDD, x, x, sum);
  }
}
