package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VCMPPS;
import static dev.lungo.kernel.machine.Instruction.VDIVPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD213PS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPADDD;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPSLLVD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// SwiGLU over whole vectors: gate / (1 + e^-gate) · up, in the steps that the Vector API's kernels
/// take, and so with their bits.
///
/// It is the largest part of a model's first token that is not a product of weights: the others
/// compile while it runs.
final class SwiGluCode {
  // Arguments, by their place.
  static final int NUMBERS = 0;
  static final int GATE = 1;
  static final int UP = 2;
  static final int OUT = 3;

  /// How many vectors of 16 floats.
  static final int VECTORS = 4;

  // Places of what the code reads from memory; a series of e^r from its last term on.
  private static final int LOWEST = 0;
  private static final int HIGHEST = 1;
  private static final int LOG2_E = 2;
  private static final int MINUS_LN2_HIGH = 3;
  private static final int MINUS_LN2_LOW = 4;
  private static final int ROUNDER = 5;
  private static final int SERIES = 6;
  private static final int TERMS = 8;
  private static final int ONE = SERIES + TERMS - 1;
  private static final int INFINITY = SERIES + TERMS;
  private static final int EXPONENT = INFINITY + 1;

  /// Keeps the numbers at [#ADDRESS] from being given back.
  private static final MemorySegment MEMORY =
      Arena.global()
          .allocateFrom(
              ValueLayout.JAVA_FLOAT,
              -87,
              88,
              (float) (1 / Math.log(2)),
              -0.693359375f,
              (float) (0.693359375 - Math.log(2)),
              0x1.8p23f,
              1f / 5040,
              1f / 720,
              1f / 120,
              1f / 24,
              1f / 6,
              1f / 2,
              1,
              1,
              Float.POSITIVE_INFINITY,
              Float.intBitsToFloat(23));

  static final long ADDRESS = MEMORY.address();

  // What VCMPPS asks.
  private static final int LESS = 1;
  private static final int GREATER = 14;

  // Registers.
  private static final int X = 0;
  private static final int MINUS_X = 1;
  private static final int ROUNDED = 2;
  private static final int MULTIPLE = 3;
  private static final int REST = 4;
  private static final int SUM = 5;
  private static final int ZERO = 6;
  private static final int ONES = 7;
  private static final int ROUNDERS = 8;

  private static final int SMALL_LANES = 1;
  private static final int LARGE_LANES = 2;

  private SwiGluCode() {}

  private static Address number(int place) {
    return at(R8, place * Float.BYTES).toAllLanes();
  }

  static byte[] code() {
    Assembler a = new Assembler();
    a.load(R8, at(RDI, NUMBERS * Long.BYTES));
    a.load(RAX, at(RDI, GATE * Long.BYTES));
    a.load(RDX, at(RDI, UP * Long.BYTES));
    a.load(RSI, at(RDI, OUT * Long.BYTES));
    a.load(RCX, at(RDI, VECTORS * Long.BYTES));
    a.vector(VPXORD, ZERO, ZERO, ZERO);
    broadcast(a, ONES, ONE);
    broadcast(a, ROUNDERS, ROUNDER);
    Assembler.Label next = new Assembler.Label();
    a.label(next);
    a.vector(VMOVDQU32, X, at(RAX, 0));
    a.vector(VSUBPS, MINUS_X, ZERO, X);
    exponential(a);
    a.vector(VADDPS, SUM, SUM, ONES);
    a.vector(VDIVPS, SUM, ONES, SUM);
    a.vector(VMULPS, SUM, X, SUM);
    a.vector(VMULPS, SUM, SUM, at(RDX, 0));
    a.vector(VMOVDQU32_STORE, SUM, at(RSI, 0));
    a.add(RAX, 64);
    a.add(RDX, 64);
    a.add(RSI, 64);
    a.subtract(RCX, 1);
    a.jumpIfPositive(next);
    a.returnToCaller();
    return a.code();
  }

  /// Leaves e^-x in [#SUM]: 2^n · e^r, where r is what is left of -x after n times ln 2.
  private static void exponential(Assembler a) {
    a.vector(VMOVDQU32, ROUNDED, ROUNDERS);
    a.vector(VFMADD231PS, ROUNDED, MINUS_X, number(LOG2_E));
    a.vector(VSUBPS, MULTIPLE, ROUNDED, ROUNDERS);
    a.vector(VMOVDQU32, REST, MINUS_X);
    a.vector(VFMADD231PS, REST, MULTIPLE, number(MINUS_LN2_HIGH));
    a.vector(VFMADD231PS, REST, MULTIPLE, number(MINUS_LN2_LOW));
    broadcast(a, SUM, SERIES);
    for (int term = 1; term < TERMS; term++) {
      a.vector(VFMADD213PS, SUM, REST, number(SERIES + term));
    }
    a.vector(VPSLLVD, ROUNDED, ROUNDED, number(EXPONENT));
    a.vector(VPADDD, SUM, SUM, ROUNDED);
    a.vectorBy(VCMPPS, SMALL_LANES, MINUS_X, number(LOWEST), LESS);
    a.vectorBy(VCMPPS, LARGE_LANES, MINUS_X, number(HIGHEST), GREATER);
    a.zmmMasked(VPXORD, SMALL_LANES, SUM, SUM, SUM);
    a.zmmMasked(VPBROADCASTD, LARGE_LANES, SUM, at(R8, INFINITY * Float.BYTES));
  }

  private static void broadcast(Assembler a, int to, int place) {
    a.vector(VPBROADCASTD, to, at(R8, place * Float.BYTES));
  }
}
