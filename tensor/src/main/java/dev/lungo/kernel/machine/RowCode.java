package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VCVTDQ2PS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVSS_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPDPBUSD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// Multiplies rows of weights as they are stored with a few rows of x: 64 weights are unpacked once
/// for up to eight rows of x, and a row's lanes are added up at its end.
final class RowCode {
  // Arguments, by their place.
  static final int CONSTANTS = 0;

  /// Address of the first row, and what lies between two.
  static final int WEIGHTS = 1;

  static final int WEIGHT_BYTES = 2;
  static final int ROWS = 3;

  /// Address of x as [InputCode#forRows] leaves it: of each two blocks all rows together, in as
  /// many bytes.
  static final int X = 4;

  static final int X_BYTES = 5;
  static final int X_ROWS = 6;

  /// Address of the first result, and what lies between those of two rows of x.
  static final int Y = 7;

  static final int Y_BYTES = 8;

  /// How often [RowFormat] steps over a row, and 1 if a block is left.
  static final int STEPS = 9;

  static final int ODD = 10;

  // Places in which the code keeps what it has no registers for.
  private static final int X_NOW = 11;

  private static final int Y_NOW = 12;
  private static final int ROWS_LEFT = 13;

  // The input for two blocks: 64 bytes of x; in 16 lanes, what the weights' offset adds to their
  // products, times -1, or what the minima are multiplied with; the scale, in 16 lanes.
  static final int OFFSETS = 64;
  static final int SCALES = 128;
  static final int PAIR_BYTES = 192;

  /// How many rows of x share the unpacked weights, the most first.
  private static final int[] TOGETHER = {8, 4, 2, 1};

  /// How far ahead weights are fetched. A processor by itself stops at the end of a page.
  private static final int AHEAD = 8192;

  // Registers from these on; the first hold the rows' sums.
  private static final int INTEGERS = 8;

  private static final int PRODUCTS = 16;
  private static final int WEIGHTS_NOW = 18;
  private static final int SCALES_NOW = 19;

  private final Assembler a = new Assembler();
  private final RowFormat format;

  private RowCode(RowFormat format) {
    this.format = format;
  }

  static byte[] of(RowFormat format) {
    RowCode code = new RowCode(format);
    code.write();
    return code.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  private void write() {
    a.load(RAX, argument(CONSTANTS));
    format.prepare(a, RAX);
    a.load(RSI, argument(WEIGHTS));
    a.load(R10, argument(Y));
    a.load(R11, argument(ROWS));
    Assembler.Label row = new Assembler.Label();
    a.label(row);
    a.store(argument(ROWS_LEFT), R11);
    a.load(R9, argument(X_ROWS));
    a.load(RDX, argument(X));
    a.store(argument(X_NOW), RDX);
    a.store(argument(Y_NOW), R10);
    for (int count : TOGETHER) {
      rowsOfX(count);
    }
    a.load(RAX, argument(WEIGHT_BYTES));
    a.add(RSI, RAX);
    a.add(R10, Float.BYTES);
    a.load(R11, argument(ROWS_LEFT));
    a.subtract(R11, 1);
    a.jumpIfPositive(row);
    a.returnToCaller();
  }

  /// Multiplies a row of weights with `count` rows of x at a time, while so many are left.
  private void rowsOfX(int count) {
    Assembler.Label next = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.label(next);
    a.compare(R9, count);
    a.jumpIfLess(end);
    dots(count);
    a.load(RAX, argument(Y_NOW));
    a.load(RCX, argument(Y_BYTES));
    for (int i = 0; i < count; i++) {
      LaneExchange.write(a, VADDPS, i, PRODUCTS);
      a.vector(VMOVSS_STORE, i, at(RAX, 0));
      a.add(RAX, RCX);
    }
    a.store(argument(Y_NOW), RAX);
    a.load(RAX, argument(X_NOW));
    a.add(RAX, count * PAIR_BYTES);
    a.store(argument(X_NOW), RAX);
    a.subtract(R9, count);
    a.jump(next);
    a.label(end);
  }

  /// Leaves the products' lanes in the first `count` registers.
  private void dots(int count) {
    for (int i = 0; i < count; i++) {
      a.vector(VPXORD, i, i, i);
    }
    a.move(RAX, RSI);
    a.load(RDX, argument(X_NOW));
    a.load(R8, argument(X_BYTES));
    Assembler.Label step = new Assembler.Label();
    Assembler.Label last = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.load(RCX, argument(STEPS));
    a.compare(RCX, 1);
    a.jumpIfLess(last);
    a.label(step);
    for (int line = 0; line < format.stepBytes(); line += 64) {
      a.prefetch(at(RAX, AHEAD + line));
    }
    Address now = at(RAX, 0);
    format.begin(a, now);
    for (int pair = 0; pair < format.pairs(); pair++) {
      format.pair(a, now, pair, WEIGHTS_NOW, SCALES_NOW);
      products(count);
      if (format.hasMinima()) {
        minima(pair, count);
      }
      a.add(RDX, R8);
    }
    a.add(RAX, format.stepBytes());
    a.subtract(RCX, 1);
    a.jumpIfPositive(step);
    a.label(last);
    if (format instanceof StoredBlock block) {
      a.load(RCX, argument(ODD));
      a.compare(RCX, 1);
      a.jumpIfLess(end);
      // The block stands in for the one that is not there, whose x is 0.
      block.pair(a, now, now, WEIGHTS_NOW, SCALES_NOW);
      products(count);
    }
    a.label(end);
  }

  private void products(int count) {
    for (int i = 0; i < count; i++) {
      Address x = at(RDX, i * PAIR_BYTES);
      int integers = INTEGERS + i;
      int product = PRODUCTS + i % 2;
      if (format.offset() == 0) {
        a.vector(VPXORD, integers, integers, integers);
      } else {
        a.vector(VMOVDQU32, integers, x.plus(OFFSETS));
      }
      a.vector(VPDPBUSD, integers, WEIGHTS_NOW, x);
      a.vector(VCVTDQ2PS, integers, integers);
      a.vector(VMULPS, product, SCALES_NOW, x.plus(SCALES));
      a.vector(VFMADD231PS, i, integers, product);
    }
  }

  private void minima(int pair, int count) {
    format.minima(a, pair, SCALES_NOW);
    for (int i = 0; i < count; i++) {
      a.vector(VFMADD231PS, i, SCALES_NOW, at(RDX, i * PAIR_BYTES + OFFSETS));
    }
  }
}
