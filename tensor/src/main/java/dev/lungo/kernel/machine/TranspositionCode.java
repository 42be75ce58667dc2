package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPUNPCKHDQ;
import static dev.lungo.kernel.machine.Instruction.VPUNPCKHQDQ;
import static dev.lungo.kernel.machine.Instruction.VPUNPCKLDQ;
import static dev.lungo.kernel.machine.Instruction.VPUNPCKLQDQ;
import static dev.lungo.kernel.machine.Instruction.VSHUFI32X4;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;

/// Transposes 32 rows of floats, 16 columns at a time: to and from a *panel*, in which a row has
/// the same column of 32 rows.
final class TranspositionCode {
  // Arguments, by their place.

  /// Rows, and the bytes between two.
  static final int ROWS = 0;

  static final int ROW_BYTES = 1;
  static final int PANEL = 2;

  /// Into a panel: a float that all are multiplied by. Out of it: one for each row.
  static final int FACTORS = 3;

  /// Columns / 16.
  static final int BLOCKS = 4;

  private static final int SIDE = 16;
  private static final int VECTOR = 64;

  /// Even and odd quarters of two operands.
  private static final int EVEN = 0b10_00_10_00;

  private static final int ODD = 0b11_01_11_01;

  private TranspositionCode() {}

  /// Rows into a panel.
  static byte[] pack() {
    Assembler a = new Assembler();
    begin(a);
    Assembler.Label block = new Assembler.Label();
    a.label(block);
    a.move(RAX, R9);
    for (int half = 0; half < 2; half++) {
      for (int row = 0; row < SIDE; row++) {
        a.zmm(VMOVDQU32, row, at(RAX, 0));
        a.add(RAX, R8);
      }
      square(a);
      for (int column = 0; column < SIDE; column++) {
        a.zmm(VMULPS, column, column, at(R11, 0).toAllLanes());
        int to = column * ProductTile.ROW_BYTES + half * VECTOR;
        a.zmm(VMOVDQU32_STORE, column, at(R10, to));
      }
    }
    end(a, block);
    return a.code();
  }

  /// A panel into rows.
  static byte[] unpack() {
    Assembler a = new Assembler();
    begin(a);
    Assembler.Label block = new Assembler.Label();
    a.label(block);
    a.move(RAX, R9);
    for (int half = 0; half < 2; half++) {
      for (int column = 0; column < SIDE; column++) {
        int from = column * ProductTile.ROW_BYTES + half * VECTOR;
        a.zmm(VMOVDQU32, column, at(R10, from));
        a.zmm(VMULPS, column, column, at(R11, half * VECTOR));
      }
      square(a);
      for (int row = 0; row < SIDE; row++) {
        a.zmm(VMOVDQU32_STORE, row, at(RAX, 0));
        a.add(RAX, R8);
      }
    }
    end(a, block);
    return a.code();
  }

  private static void begin(Assembler a) {
    a.load(R9, at(RDI, ROWS * Long.BYTES));
    a.load(R8, at(RDI, ROW_BYTES * Long.BYTES));
    a.load(R10, at(RDI, PANEL * Long.BYTES));
    a.load(R11, at(RDI, FACTORS * Long.BYTES));
    a.load(RCX, at(RDI, BLOCKS * Long.BYTES));
  }

  private static void end(Assembler a, Assembler.Label block) {
    a.add(R9, VECTOR);
    a.add(R10, SIDE * ProductTile.ROW_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(block);
    a.returnToCaller();
  }

  /// Transposes the first 16 registers; needs the others.
  private static void square(Assembler a) {
    for (int i = 0; i < SIDE; i += 2) {
      a.zmm(VPUNPCKLDQ, SIDE + i, i, i + 1);
      a.zmm(VPUNPCKHDQ, SIDE + i + 1, i, i + 1);
    }
    // Of four rows each, by quarters: columns 0, 4, 8, 12, then 1, 5, 9, 13, and so on.
    for (int four = 0; four < SIDE; four += 4) {
      int from = SIDE + four;
      a.zmm(VPUNPCKLQDQ, four, from, from + 2);
      a.zmm(VPUNPCKHQDQ, four + 1, from, from + 2);
      a.zmm(VPUNPCKLQDQ, four + 2, from + 1, from + 3);
      a.zmm(VPUNPCKHQDQ, four + 3, from + 1, from + 3);
    }
    for (int i = 0; i < 4; i++) {
      a.zmmBy(VSHUFI32X4, 16 + i, i, 4 + i, EVEN);
      a.zmmBy(VSHUFI32X4, 20 + i, i, 4 + i, ODD);
      a.zmmBy(VSHUFI32X4, 24 + i, 8 + i, 12 + i, EVEN);
      a.zmmBy(VSHUFI32X4, 28 + i, 8 + i, 12 + i, ODD);
    }
    for (int i = 0; i < 4; i++) {
      a.zmmBy(VSHUFI32X4, i, 16 + i, 24 + i, EVEN);
      a.zmmBy(VSHUFI32X4, 4 + i, 20 + i, 28 + i, EVEN);
      a.zmmBy(VSHUFI32X4, 8 + i, 16 + i, 24 + i, ODD);
      a.zmmBy(VSHUFI32X4, 12 + i, 20 + i, 28 + i, ODD);
    }
  }
}
