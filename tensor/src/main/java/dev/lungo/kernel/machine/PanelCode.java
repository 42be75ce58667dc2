package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VCVTPH2PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMOVSS_STORE;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTW;
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
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// Unpacks 16 rows of stored weights into half of a panel for [TileCode]: a transposition of 16 × 8
/// pieces of four bytes for each block.
final class PanelCode {
  // Arguments, by their place.
  static final int CONSTANTS = 0;

  /// Address of the first row, and what lies between two.
  static final int WEIGHTS = 1;

  static final int WEIGHT_BYTES = 2;

  /// Where the half's first scale goes.
  static final int PANEL = 3;

  /// k / 32.
  static final int BLOCKS = 4;

  /// Rows that are unpacked together.
  static final int ROWS = 16;

  /// Even and odd quarters of two operands.
  private static final int EVEN = 0b10_00_10_00;

  private static final int ODD = 0b11_01_11_01;

  private static final int VECTOR = 64;

  private static final Register[] EVERY_FOURTH_ROW = {RAX, RCX, RDX, RSI};

  private final Assembler a = new Assembler();
  private final StoredBlock block;

  private PanelCode(StoredBlock block) {
    this.block = block;
  }

  static byte[] of(StoredBlock block) {
    PanelCode code = new PanelCode(block);
    code.write();
    return code.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  private void write() {
    a.load(RAX, argument(CONSTANTS));
    block.prepare(a, RAX);
    a.load(R8, argument(WEIGHT_BYTES));
    a.lea(R9, at(R8, R8, 2, 0));
    a.load(RAX, argument(WEIGHTS));
    for (int i = 1; i < EVERY_FOURTH_ROW.length; i++) {
      a.lea(EVERY_FOURTH_ROW[i], at(EVERY_FOURTH_ROW[i - 1], R8, 4, 0));
    }
    a.load(R10, argument(PANEL));
    a.load(R11, argument(BLOCKS));
    Assembler.Label next = new Assembler.Label();
    a.label(next);
    transpose();
    for (int row = 0; row < ROWS; row++) {
      a.ymm(VPBROADCASTW, row, row(row));
      a.vector(VCVTPH2PS, row, row);
      a.vector(VMOVSS_STORE, row, at(R10, row * Float.BYTES));
    }
    for (Register rows : EVERY_FOURTH_ROW) {
      a.add(rows, block.bytes());
    }
    a.add(R10, TileCode.PANEL_BYTES);
    a.subtract(R11, 1);
    a.jumpIfPositive(next);
    a.returnToCaller();
  }

  /// Where a row's block is.
  private static Address row(int row) {
    Register base = EVERY_FOURTH_ROW[row / 4];
    return switch (row % 4) {
      case 0 -> at(base, 0);
      case 3 -> at(base, R9, 1, 0);
      default -> at(base, R8, row % 4, 0);
    };
  }

  /// Registers 0 to 7 take two rows each, so that the rows come out in order: those of the first
  /// four are the rows 0 to 7.
  private void transpose() {
    for (int i = 0; i < 8; i++) {
      int row = i < 4 ? i : i + 4;
      block.unpack(a, i, row(row), row(row + 4));
    }
    for (int i = 0; i < 8; i += 2) {
      a.vector(VPUNPCKLDQ, 8 + i, i, i + 1);
      a.vector(VPUNPCKHDQ, 9 + i, i, i + 1);
    }
    // Four registers for the first and four for the second four: a piece of each, by its number.
    for (int four = 0; four < 8; four += 4) {
      int from = 8 + four;
      a.vector(VPUNPCKLQDQ, four, from, from + 2);
      a.vector(VPUNPCKHQDQ, four + 1, from, from + 2);
      a.vector(VPUNPCKLQDQ, four + 2, from + 1, from + 3);
      a.vector(VPUNPCKHQDQ, four + 3, from + 1, from + 3);
    }
    for (int piece = 0; piece < 4; piece++) {
      a.vectorBy(VSHUFI32X4, 8, piece, 4 + piece, EVEN);
      a.vectorBy(VSHUFI32X4, 9, piece, 4 + piece, ODD);
      int at = TileCode.QUADS + piece * 2 * VECTOR;
      a.vector(VMOVDQU32_STORE, 8, at(R10, at));
      a.vector(VMOVDQU32_STORE, 9, at(R10, at + 4 * 2 * VECTOR));
    }
  }
}
