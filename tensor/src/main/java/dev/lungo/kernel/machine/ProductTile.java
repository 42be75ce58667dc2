package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RSI;

/// Writes the loop of a product of floats, C (8, 32) = A · B, with C in the first 16 registers; the
/// next six are overwritten.
final class ProductTile {
  /// Rows of A and C.
  static final int ROWS = 8;

  /// Columns of B and C, two vectors.
  static final int COLUMNS = 32;

  /// Bytes of a row of B or C whose rows follow each other.
  static final int ROW_BYTES = COLUMNS * Float.BYTES;

  private static final int VECTOR = 64;
  private static final int B = 16;
  private static final int A = 18;

  private ProductTile() {}

  static void zero(Assembler a) {
    for (int i = 0; i < 2 * ROWS; i++) {
      a.zmm(VPXORD, i, i, i);
    }
  }

  /// Fetches a line of as many rows as A has, and leaves `line` at the next row.
  ///
  /// @param step bytes between two rows
  static void fetch(Assembler a, Register line, Register step) {
    for (int row = 0; row < ROWS; row++) {
      a.prefetch(at(line, 0));
      a.add(line, step);
    }
  }

  static void load(Assembler a, Register from, int rowBytes) {
    for (int i = 0; i < 2 * ROWS; i++) {
      a.zmm(VMOVDQU32, i, at(from, i / 2 * rowBytes + i % 2 * VECTOR));
    }
  }

  static void store(Assembler a, Register to, int rowBytes) {
    for (int i = 0; i < 2 * ROWS; i++) {
      a.zmm(VMOVDQU32_STORE, i, at(to, i / 2 * rowBytes + i % 2 * VECTOR));
    }
  }

  /// Adds as many steps as [Register#RCX] says, an even number; A begins at [Register#RSI], B at
  /// [Register#RAX].
  ///
  /// @param aRow bytes between two rows of A
  /// @param aStep bytes between two of its columns
  /// @param bStep bytes between two rows of B
  static void multiply(Assembler a, int aRow, int aStep, int bStep) {
    Assembler.Label step = new Assembler.Label();
    a.label(step);
    for (int half = 0; half < 2; half++) {
      a.zmm(VMOVDQU32, B, at(RAX, half * bStep));
      a.zmm(VMOVDQU32, B + 1, at(RAX, half * bStep + VECTOR));
      for (int row = 0; row < ROWS; row++) {
        int x = A + row % 4;
        a.zmm(VPBROADCASTD, x, at(RSI, half * aStep + row * aRow));
        a.zmm(VFMADD231PS, 2 * row, x, B);
        a.zmm(VFMADD231PS, 2 * row + 1, x, B + 1);
      }
    }
    a.add(RSI, 2 * aStep);
    a.add(RAX, 2 * bStep);
    a.subtract(RCX, 2);
    a.jumpIfPositive(step);
  }
}
