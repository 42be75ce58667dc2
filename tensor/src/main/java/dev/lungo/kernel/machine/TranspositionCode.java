package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPERM2F128;
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

/// Transposes the rows of a *panel*, in whose memory a row has the same column of all of them. A
/// panel has as many rows as one vector or two have lanes; a lane's worth of columns is transposed
/// at a time. In a panel with rows of one vector, two rows that follow each other are [LanePairs].
final class TranspositionCode {
  // Arguments, by their place.

  /// Rows, and the bytes between two.
  static final int ROWS = 0;

  static final int ROW_BYTES = 1;
  static final int PANEL = 2;

  /// Into a panel: a float that all are multiplied by. Out of it: one for each row.
  static final int FACTORS = 3;

  /// Columns / lanes.
  static final int BLOCKS = 4;

  /// Even and odd quarters of two operands.
  private static final int EVEN = 0b10_00_10_00;

  private static final int ODD = 0b11_01_11_01;

  /// For [Instruction#VPERM2F128]: the lower, and the upper, halves of two operands.
  private static final int LOWER = 0x20;

  private static final int UPPER = 0x31;

  private final Assembler a;
  private final int vectors;
  private final int side;
  private final int vector;
  private final int rowBytes;

  private TranspositionCode(VectorUnit unit, int vectors) {
    this.a = new Assembler(unit);
    this.vectors = vectors;
    this.side = unit.lanes();
    this.vector = unit.bytes();
    this.rowBytes = vectors * unit.bytes();
  }

  /// Rows into a panel.
  static byte[] pack(VectorUnit unit, int vectors) {
    return new TranspositionCode(unit, vectors).packing();
  }

  /// A panel into rows.
  static byte[] unpack(VectorUnit unit, int vectors) {
    return new TranspositionCode(unit, vectors).unpacking();
  }

  private byte[] packing() {
    begin();
    Assembler.Label block = new Assembler.Label();
    a.label(block);
    a.move(RAX, R9);
    for (int half = 0; half < vectors; half++) {
      for (int row = 0; row < side; row++) {
        a.vector(VMOVDQU32, row, at(RAX, 0));
        a.add(RAX, R8);
      }
      square();
      if (a.unit() == VectorUnit.AVX2) {
        a.vector(VPBROADCASTD, side, at(R11, 0));
      }
      for (int column = 0; column < side; column++) {
        if (a.unit() == VectorUnit.AVX2) {
          a.vector(VMULPS, column, column, side);
        } else {
          a.vector(VMULPS, column, column, at(R11, 0).toAllLanes());
        }
      }
      for (int column = 0; column < side; column += 2) {
        if (vectors == 1) {
          LanePairs.join(a, column, column + 1, side);
        }
        for (int one = column; one < column + 2; one++) {
          int to = one * rowBytes + half * vector;
          a.vector(VMOVDQU32_STORE, one, at(R10, to));
        }
      }
    }
    end(block);
    return a.code();
  }

  private byte[] unpacking() {
    begin();
    Assembler.Label block = new Assembler.Label();
    a.label(block);
    a.move(RAX, R9);
    for (int half = 0; half < vectors; half++) {
      for (int column = 0; column < side; column++) {
        int from = column * rowBytes + half * vector;
        a.vector(VMOVDQU32, column, at(R10, from));
      }
      for (int column = 0; column < side && vectors == 1; column += 2) {
        LanePairs.separate(a, column, column + 1, side);
      }
      for (int column = 0; column < side; column++) {
        a.vector(VMULPS, column, column, at(R11, half * vector));
      }
      square();
      for (int row = 0; row < side; row++) {
        a.vector(VMOVDQU32_STORE, row, at(RAX, 0));
        a.add(RAX, R8);
      }
    }
    end(block);
    return a.code();
  }

  private void begin() {
    a.load(R9, at(RDI, ROWS * Long.BYTES));
    a.load(R8, at(RDI, ROW_BYTES * Long.BYTES));
    a.load(R10, at(RDI, PANEL * Long.BYTES));
    a.load(R11, at(RDI, FACTORS * Long.BYTES));
    a.load(RCX, at(RDI, BLOCKS * Long.BYTES));
  }

  private void end(Assembler.Label block) {
    a.add(R9, vector);
    a.add(R10, side * rowBytes);
    a.subtract(RCX, 1);
    a.jumpIfPositive(block);
    a.returnToCaller();
  }

  /// Transposes as many registers as they have lanes; needs the others.
  private void square() {
    for (int i = 0; i < side; i += 2) {
      a.vector(VPUNPCKLDQ, side + i, i, i + 1);
      a.vector(VPUNPCKHDQ, side + i + 1, i, i + 1);
    }
    // Of four rows each, by quarters: columns 0, 4, 8, 12, then 1, 5, 9, 13, and so on.
    for (int four = 0; four < side; four += 4) {
      int from = side + four;
      a.vector(VPUNPCKLQDQ, four, from, from + 2);
      a.vector(VPUNPCKHQDQ, four + 1, from, from + 2);
      a.vector(VPUNPCKLQDQ, four + 2, from + 1, from + 3);
      a.vector(VPUNPCKHQDQ, four + 3, from + 1, from + 3);
    }
    if (a.unit() == VectorUnit.AVX512) {
      exchangeQuarters();
    } else {
      exchangeHalves();
    }
  }

  private void exchangeHalves() {
    for (int i = 0; i < 4; i++) {
      a.vectorBy(VPERM2F128, side + i, i, 4 + i, UPPER);
      a.vectorBy(VPERM2F128, i, i, 4 + i, LOWER);
      a.vector(VMOVDQU32, 4 + i, side + i);
    }
  }

  private void exchangeQuarters() {
    for (int i = 0; i < 4; i++) {
      a.vectorBy(VSHUFI32X4, 16 + i, i, 4 + i, EVEN);
      a.vectorBy(VSHUFI32X4, 20 + i, i, 4 + i, ODD);
      a.vectorBy(VSHUFI32X4, 24 + i, 8 + i, 12 + i, EVEN);
      a.vectorBy(VSHUFI32X4, 28 + i, 8 + i, 12 + i, ODD);
    }
    for (int i = 0; i < 4; i++) {
      a.vectorBy(VSHUFI32X4, i, 16 + i, 24 + i, EVEN);
      a.vectorBy(VSHUFI32X4, 4 + i, 20 + i, 28 + i, EVEN);
      a.vectorBy(VSHUFI32X4, 8 + i, 16 + i, 24 + i, ODD);
      a.vectorBy(VSHUFI32X4, 12 + i, 20 + i, 28 + i, ODD);
    }
  }
}
