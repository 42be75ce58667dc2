package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD213PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VPADDD;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VPOR;
import static dev.lungo.kernel.machine.Instruction.VPSLLVD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;

import java.util.Collections;

/// Writes, with AVX2, what turns scores into weights while a tile still has them in registers: one
/// pass over them instead of three. It does so on trial, and sees at the end of a block whether
/// each score was in reach of its lane's reference: less than [#ABOVE] over it, and not so far
/// below that its weight would be next to nothing. Where one was not, the block is done again.
///
/// References are whole numbers. A score, less the reference, is added to a number so large that
/// floats near it are whole numbers: the last seven bits then are the exponent, counted from
/// [#LEAST], and other bits differ from that number's only if a score was out of reach. Any vector
/// unit of a processor computes that, while those for products compute the polynomial.
final class TileWeights {
  /// The largest exponent of 2 that a weight has.
  private static final int ABOVE = 11;

  private static final int LEAST = ABOVE - 127;

  /// The bits of 1.5 · 2^23.
  private static final int LARGE = 0x4b400000;

  /// What scores are added to, less their reference: one of exponent [#LEAST] becomes [#LARGE].
  private static final float START = Float.intBitsToFloat(LARGE) - LEAST;

  // Rows of the state: those of ForwardCode, then what lasts for a block. The last one collects all
  // bits in which sums differ from LARGE.
  private static final int REFERENCES = 0;
  private static final int SUMS = 1;
  private static final int STARTS = 2;
  private static final int BLOCK_SUMS = 3;
  private static final int STRAY = 4;

  /// How many rows the state has.
  static final int STATE_ROWS = 5;

  // Registers that a tile leaves free while its sums are complete.
  private static final int SHIFTED = 12;
  private static final int POWER = 13;
  private static final int STRAY_BITS = 14;
  private static final int START_OF_LANE = 15;

  private final Assembler a;
  private final ProductTile tile;
  private final Register state;
  private final int vectors;
  private final int vector;

  /// @param state points to the state while this is written
  TileWeights(Assembler a, ProductTile tile, Register state) {
    this.a = a;
    this.tile = tile;
    this.state = state;
    this.vectors = tile.vectors();
    this.vector = a.unit().bytes();
  }

  private Address state(int row, int v) {
    return at(state, (row * vectors + v) * vector);
  }

  /// Begins a block, and jumps where references are none that scores could be compared with.
  void begin(Assembler.Label otherwise) {
    a.vector(VPXORD, STRAY_BITS, STRAY_BITS, STRAY_BITS);
    for (int v = 0; v < vectors; v++) {
      a.vector(VMOVDQU32_STORE, STRAY_BITS, state(BLOCK_SUMS, v));
    }
    for (int v = 0; v < vectors; v++) {
      a.vector(VMOVDQU32, START_OF_LANE, a.constant(START));
      a.vector(VSUBPS, START_OF_LANE, START_OF_LANE, state(REFERENCES, v));
      a.vector(VMOVDQU32_STORE, START_OF_LANE, state(STARTS, v));
      // Where the sum is no whole number, neither are those of scores.
      a.vector(VPXORD, SHIFTED, START_OF_LANE, bits(LARGE));
      a.vector(VPANDD, SHIFTED, SHIFTED, bits(0xff800000));
      a.vector(VPOR, STRAY_BITS, STRAY_BITS, SHIFTED);
    }
    a.vector(VMOVDQU32_STORE, STRAY_BITS, state(STRAY, 0));
    a.testVector(STRAY_BITS);
    a.jumpIfNotZero(otherwise);
  }

  /// Turns the tile's scores into weights.
  void weigh() {
    a.vector(VMOVDQU32, STRAY_BITS, state(STRAY, 0));
    for (int v = 0; v < vectors; v++) {
      a.vector(VMOVDQU32, START_OF_LANE, state(STARTS, v));
      for (int row = 0; row < tile.rows(); row++) {
        raise(row * vectors + v);
      }
    }
    a.vector(VMOVDQU32_STORE, STRAY_BITS, state(STRAY, 0));
  }

  private void raise(int x) {
    a.vector(VADDPS, SHIFTED, x, START_OF_LANE);
    a.vector(VSUBPS, POWER, SHIFTED, START_OF_LANE);
    a.vector(VSUBPS, x, x, POWER);
    a.vector(VPXORD, SHIFTED, SHIFTED, bits(LARGE));
    a.vector(VPOR, STRAY_BITS, STRAY_BITS, SHIFTED);
    a.vector(VPSLLVD, SHIFTED, SHIFTED, bits(23));
    a.vector(VMOVDQU32, POWER, coefficient(0));
    for (int i = 1; i < PowerOfTwo.COEFFICIENTS.length; i++) {
      a.vector(VFMADD213PS, POWER, x, coefficient(i));
    }
    a.vector(VPADDD, x, POWER, SHIFTED);
  }

  /// Returns where a coefficient is, times the least power, from which exponents are counted.
  private Address coefficient(int i) {
    return a.constant(Math.scalb(PowerOfTwo.COEFFICIENTS[i], LEAST));
  }

  private Address bits(int bits) {
    return a.constant(Collections.nCopies(a.unit().lanes(), bits));
  }

  /// Adds the tile's weights, which it has stored, to the block's sums; the registers change.
  void add() {
    for (int v = 0; v < vectors; v++) {
      a.vector(VADDPS, v, v, state(BLOCK_SUMS, v));
      for (int step = 1; step < tile.rows(); step *= 2) {
        for (int row = 0; row + step < tile.rows(); row += 2 * step) {
          int to = row * vectors + v;
          a.vector(VADDPS, to, to, to + step * vectors);
        }
      }
      a.vector(VMOVDQU32_STORE, v, state(BLOCK_SUMS, v));
    }
  }

  /// Ends a block; jumps if its weights are to be used, and then has added them up.
  void end(Assembler.Label used) {
    Assembler.Label otherwise = new Assembler.Label();
    a.vector(VMOVDQU32, STRAY_BITS, state(STRAY, 0));
    a.vector(VPANDD, STRAY_BITS, STRAY_BITS, bits(~0x7f));
    a.testVector(STRAY_BITS);
    a.jumpIfNotZero(otherwise);
    for (int v = 0; v < vectors; v++) {
      a.vector(VMOVDQU32, v, state(SUMS, v));
      a.vector(VADDPS, v, v, state(BLOCK_SUMS, v));
      a.vector(VMOVDQU32_STORE, v, state(SUMS, v));
    }
    a.jump(used);
    a.label(otherwise);
  }
}
