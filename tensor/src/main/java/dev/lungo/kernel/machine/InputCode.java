package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VCVTDQ2PS;
import static dev.lungo.kernel.machine.Instruction.VCVTPS2DQ;
import static dev.lungo.kernel.machine.Instruction.VDIVPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMOVSS_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPADDD;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPDPBUSD;
import static dev.lungo.kernel.machine.Instruction.VPMAXUD;
import static dev.lungo.kernel.machine.Instruction.VPMOVSDB_STORE;
import static dev.lungo.kernel.machine.Instruction.VPMULLD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// Rounds a row of x to bytes: 32 numbers share a scale, 1/127 of the largest among them.
///
/// What is not a number makes the scale not a number, and with it the results.
final class InputCode {
  // Arguments, by their place.
  static final int CONSTANTS = 0;

  /// Address of k floats.
  static final int X = 1;

  static final int OUTPUT = 2;

  /// k / 32.
  static final int BLOCKS = 3;

  /// What the weights' offset is, times -1: an integer, or a float for minima.
  static final int NEGATIVE_OFFSET = 4;

  /// For tiles: where the first scale goes.
  static final int SCALES = 5;

  /// For rows: what lies between two pairs of blocks in the output.
  static final int OUTPUT_BYTES = 6;

  private static final int FIRST = 0;
  private static final int SECOND = 1;
  private static final int LARGEST = 2;
  private static final int OTHER = 3;
  private static final int SCALE = 4;
  private static final int OFFSET = 26;
  private static final int ONES = 27;
  private static final int MAGNITUDE = 28;
  private static final int MOST = 29;
  private static final int PART = 30;

  private InputCode() {}

  /// The input of [RowCode].
  ///
  /// @param minima whether the weights have minima and not an offset
  static byte[] forRows(boolean minima) {
    Assembler a = new Assembler();
    prepare(a);
    a.load(R9, at(RDI, OUTPUT_BYTES * Long.BYTES));
    Assembler.Label pairs = new Assembler.Label();
    Assembler.Label last = new Assembler.Label();
    Assembler.Label done = new Assembler.Label();
    a.label(pairs);
    a.compare(RCX, 2);
    a.jumpIfLess(last);
    rowBlock(a, 0);
    rowBlock(a, 1);
    a.add(RAX, 2 * 32 * Float.BYTES);
    a.add(RDX, R9);
    a.subtract(RCX, 2);
    a.jump(pairs);
    a.label(last);
    a.compare(RCX, 1);
    a.jumpIfLess(done);
    rowBlock(a, 0);
    // The block that is not there is 0.
    a.vector(VPXORD, FIRST, FIRST, FIRST);
    a.ymm(VMOVDQU32_STORE, FIRST, at(RDX, 32));
    a.ymm(VMOVDQU32_STORE, FIRST, at(RDX, RowCode.SCALES + 32));
    a.label(done);
    offsets(a, minima);
    a.returnToCaller();
    return a.code();
  }

  private static void rowBlock(Assembler a, int half) {
    round(a, 32 * Float.BYTES * half, 32 * half);
    a.ymm(VMOVDQU32_STORE, SCALE, at(RDX, RowCode.SCALES + 32 * half));
  }

  private static void offsets(Assembler a, boolean minima) {
    Assembler.Label pairs = new Assembler.Label();
    a.load(RDX, at(RDI, OUTPUT * Long.BYTES));
    a.load(RCX, at(RDI, BLOCKS * Long.BYTES));
    a.label(pairs);
    a.vector(VPXORD, FIRST, FIRST, FIRST);
    a.vector(VPDPBUSD, FIRST, ONES, at(RDX, 0));
    if (minima) {
      a.vector(VCVTDQ2PS, FIRST, FIRST);
      a.vector(VMULPS, FIRST, FIRST, at(RDX, RowCode.SCALES));
      a.vector(VMULPS, FIRST, FIRST, OFFSET);
    } else {
      a.vector(VPMULLD, FIRST, FIRST, OFFSET);
    }
    a.vector(VMOVDQU32_STORE, FIRST, at(RDX, RowCode.OFFSETS));
    a.add(RDX, R9);
    a.subtract(RCX, 2);
    a.jumpIfPositive(pairs);
  }

  /// The input of [TileCode]: a token's share of each block.
  static byte[] forTiles() {
    Assembler a = new Assembler();
    prepare(a);
    a.load(RSI, at(RDI, SCALES * Long.BYTES));
    Assembler.Label block = new Assembler.Label();
    a.label(block);
    round(a, 0, 0);
    a.vector(VMOVSS_STORE, SCALE, at(RSI, 0));
    a.vector(VPADDD, FIRST, FIRST, SECOND);
    LaneExchange.write(a, VPADDD, FIRST, OTHER);
    a.vector(VPMULLD, FIRST, FIRST, OFFSET);
    a.vector(VMOVSS_STORE, FIRST, at(RSI, TileCode.OFFSETS - TileCode.SCALES));
    a.add(RAX, 32 * Float.BYTES);
    a.add(RDX, TileCode.INPUT_BYTES);
    a.add(RSI, TileCode.INPUT_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(block);
    a.returnToCaller();
    return a.code();
  }

  private static void prepare(Assembler a) {
    a.load(R8, at(RDI, CONSTANTS * Long.BYTES));
    a.vector(VMOVDQU32, ONES, at(R8, Constants.BYTES_OF_1));
    a.vector(VMOVDQU32, MAGNITUDE, at(R8, Constants.MAGNITUDE));
    a.vector(VMOVDQU32, MOST, at(R8, Constants.MOST));
    a.vector(VMOVDQU32, PART, at(R8, Constants.PART));
    a.vector(VPBROADCASTD, OFFSET, at(RDI, NEGATIVE_OFFSET * Long.BYTES));
    a.load(RAX, at(RDI, X * Long.BYTES));
    a.load(RDX, at(RDI, OUTPUT * Long.BYTES));
    a.load(RCX, at(RDI, BLOCKS * Long.BYTES));
  }

  /// Writes 32 bytes from 32 floats; leaves them as integers in [#FIRST] and [#SECOND], and their
  /// scale in all lanes of [#SCALE].
  private static void round(Assembler a, int from, int to) {
    a.vector(VMOVDQU32, FIRST, at(RAX, from));
    a.vector(VMOVDQU32, SECOND, at(RAX, from + 16 * Float.BYTES));
    a.vector(VPANDD, LARGEST, FIRST, MAGNITUDE);
    a.vector(VPANDD, OTHER, SECOND, MAGNITUDE);
    // As integers, floats without a sign keep their order, and what is no number is the largest.
    a.vector(VPMAXUD, LARGEST, LARGEST, OTHER);
    LaneExchange.write(a, VPMAXUD, LARGEST, OTHER);
    a.vector(VMULPS, SCALE, LARGEST, PART);
    a.vector(VDIVPS, LARGEST, MOST, LARGEST);
    a.vector(VMULPS, FIRST, FIRST, LARGEST);
    a.vector(VMULPS, SECOND, SECOND, LARGEST);
    a.vector(VCVTPS2DQ, FIRST, FIRST);
    a.vector(VCVTPS2DQ, SECOND, SECOND);
    a.vector(VPMOVSDB_STORE, FIRST, at(RDX, to));
    a.vector(VPMOVSDB_STORE, SECOND, at(RDX, to + 16));
  }
}
