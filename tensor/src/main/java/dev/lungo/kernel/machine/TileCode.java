package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VCVTDQ2PS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPDPBUSD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// Multiplies a panel of 32 rows of weights with many rows of x, six at a time.
///
/// A lane belongs to a row of weights. Of a block of 32 numbers, 24 registers hold the sums of
/// products, 12 as integers and 12 as floats, to which the former are added with their scales at
/// the block's end.
final class TileCode {
  // Arguments, by their place.
  static final int PANEL = 0;

  /// Rows of x as [InputCode#forTiles] leaves them: block by block, those of six rows together.
  static final int X = 1;

  /// Address of the first result, and what lies between those of two rows of x.
  static final int Y = 2;

  static final int Y_BYTES = 3;

  /// k / 32.
  static final int BLOCKS = 4;

  /// How many rows of x; their number is rounded up to a multiple of six in x, and not in y.
  static final int X_ROWS = 5;

  /// Rows of x in a tile.
  static final int TOGETHER = 6;

  /// Rows of weights in a panel.
  static final int PANEL_ROWS = 32;

  // A block of a panel: 32 scales, then four bytes of each of 32 rows, eight times.
  static final int PANEL_BYTES = PANEL_ROWS * (32 + Float.BYTES);
  static final int QUADS = PANEL_ROWS * Float.BYTES;

  // A block of six rows of x: 32 bytes of each, their scales, and what the offset of the weights
  // adds to the products, times -1.
  static final int SCALES = TOGETHER * 32;
  static final int OFFSETS = SCALES + TOGETHER * Float.BYTES;
  static final int INPUT_BYTES = OFFSETS + TOGETHER * Integer.BYTES;

  private static final int VECTOR = 64;

  // Two registers for each row of x.
  private static final int INTEGERS = 0;
  private static final int FLOATS = 12;

  private static final int WEIGHTS = 24;
  private static final int INPUT = 26;

  /// Where the weights were.
  private static final int PRODUCTS = 26;

  private final Assembler a = new Assembler();

  private TileCode() {}

  static byte[] code() {
    TileCode tile = new TileCode();
    tile.write();
    return tile.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  private void write() {
    a.load(RSI, argument(X));
    a.load(RDX, argument(Y));
    a.load(R8, argument(Y_BYTES));
    a.load(R9, argument(X_ROWS));
    Assembler.Label tile = new Assembler.Label();
    Assembler.Label block = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.label(tile);
    a.load(RAX, argument(PANEL));
    a.load(RCX, argument(BLOCKS));
    for (int i = 0; i < 2 * TOGETHER; i++) {
      a.vector(VPXORD, FLOATS + i, FLOATS + i, FLOATS + i);
    }
    a.label(block);
    products();
    scale();
    a.add(RAX, PANEL_BYTES);
    a.add(RSI, INPUT_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(block);
    for (int row = 0; row < TOGETHER; row++) {
      a.vector(VMOVDQU32_STORE, FLOATS + 2 * row, at(RDX, 0));
      a.vector(VMOVDQU32_STORE, FLOATS + 2 * row + 1, at(RDX, VECTOR));
      a.add(RDX, R8);
      a.subtract(R9, 1);
      a.jumpIfZero(end);
    }
    a.jump(tile);
    a.label(end);
    a.returnToCaller();
  }

  private void products() {
    for (int row = 0; row < TOGETHER; row++) {
      int sum = INTEGERS + 2 * row;
      a.vector(VPBROADCASTD, sum, at(RSI, OFFSETS + row * Integer.BYTES));
      a.vector(VMOVDQU32, sum + 1, sum);
    }
    for (int quad = 0; quad < 8; quad++) {
      int at = QUADS + quad * 2 * VECTOR;
      a.vector(VMOVDQU32, WEIGHTS, at(RAX, at));
      a.vector(VMOVDQU32, WEIGHTS + 1, at(RAX, at + VECTOR));
      for (int row = 0; row < TOGETHER; row++) {
        int sum = INTEGERS + 2 * row;
        int x = INPUT + row;
        a.vector(VPBROADCASTD, x, at(RSI, row * 32 + quad * 4));
        a.vector(VPDPBUSD, sum, WEIGHTS, x);
        a.vector(VPDPBUSD, sum + 1, WEIGHTS + 1, x);
      }
    }
  }

  private void scale() {
    a.vector(VMOVDQU32, WEIGHTS, at(RAX, 0));
    a.vector(VMOVDQU32, WEIGHTS + 1, at(RAX, VECTOR));
    for (int row = 0; row < TOGETHER; row++) {
      Address x = at(RSI, SCALES + row * Float.BYTES).toAllLanes();
      for (int half = 0; half < 2; half++) {
        int sum = 2 * row + half;
        a.vector(VCVTDQ2PS, INTEGERS + sum, INTEGERS + sum);
        a.vector(VMULPS, PRODUCTS + sum % 6, WEIGHTS + half, x);
        a.vector(VFMADD231PS, FLOATS + sum, INTEGERS + sum, PRODUCTS + sum % 6);
      }
    }
  }
}
