package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VBLENDVPS;
import static dev.lungo.kernel.machine.Instruction.VCMPPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPCMPEQD;
import static dev.lungo.kernel.machine.Instruction.VPOR;
import static dev.lungo.kernel.machine.Instruction.VPXORD;

import java.util.List;
import java.util.stream.IntStream;

/// Writes what names some lanes of a vector: a mask register of AVX-512, and with AVX2 a vector
/// whose lanes are all ones or all zeros.
final class LaneMask {
  /// [Instruction#VCMPPS]: greater.
  private static final int GREATER = 14;

  /// Bit i in lane i.
  private static final List<Integer> BITS = IntStream.range(0, 8).mapToObj(i -> 1 << i).toList();

  private final Assembler a;
  private final boolean hasMasks;
  private final int register;

  /// @param mask the register that holds it with AVX-512
  /// @param vector the register that holds it with AVX2
  LaneMask(Assembler a, int mask, int vector) {
    this.a = a;
    this.hasMasks = a.unit() == VectorUnit.AVX512;
    this.register = hasMasks ? mask : vector;
  }

  /// Names the lanes in which the first operand is greater.
  void greater(int first, int second) {
    a.vectorBy(VCMPPS, register, first, second, GREATER);
  }

  /// Names the lanes whose bits are set at an address; it reads 32 of them.
  void load(Address bits) {
    if (hasMasks) {
      a.loadMask(register, bits, false);
      return;
    }
    a.vector(VPBROADCASTD, register, bits);
    a.vector(VPANDD, register, register, a.constant(BITS));
    a.vector(VPCMPEQD, register, register, a.constant(BITS));
  }

  /// Copies the lanes that are named.
  void copy(int to, int from) {
    if (hasMasks) {
      a.zmmMasked(VMOVDQU32, register, to, 0, from);
    } else {
      blend(to, from);
    }
  }

  /// Makes the lanes that are named 0.
  ///
  /// @param spare a register that is overwritten
  void clear(int to, int spare) {
    if (hasMasks) {
      a.zmmMasked(VPXORD, register, to, to, to);
    } else {
      a.vector(VPXORD, spare, spare, spare);
      blend(to, spare);
    }
  }

  /// Writes the lanes that are named to memory.
  ///
  /// @param spare a register that is overwritten
  void store(int from, Address to, int spare) {
    if (hasMasks) {
      a.zmmMasked(VMOVDQU32_STORE, register, from, to);
    } else {
      // A store of some lanes takes AVX2 much longer.
      a.vector(VMOVDQU32, spare, to);
      blend(spare, from);
      a.vector(VMOVDQU32_STORE, spare, to);
    }
  }

  private void blend(int to, int from) {
    a.vectorBy(VBLENDVPS, to, to, from, register << 4);
  }

  /// Lets [Assembler#jumpIfZero] see whether neither mask names a lane; with AVX2 this one changes.
  void testWith(LaneMask other) {
    if (hasMasks) {
      a.testMasks(register, other.register);
    } else {
      a.vector(VPOR, register, register, other.register);
      a.testVector(register);
    }
  }
}
