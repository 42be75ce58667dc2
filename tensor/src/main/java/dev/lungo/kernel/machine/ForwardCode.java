package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VCMPPS;
import static dev.lungo.kernel.machine.Instruction.VMAXPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;

/// The step of FlashAttention-2: a panel of 32 queries, one a lane, meets a block of keys.
///
/// Scores are those of base 2: what queries are scaled by has log₂ e in it. A lane's weights are
/// relative to a reference, which moves only where a score exceeds it by [#SLACK]; then what was
/// summed before shrinks.
final class ForwardCode {
  // Arguments, by their place.

  /// The address of [PowerOfTwo]'s numbers.
  static final int NUMBERS = 0;

  /// The packed queries: a row for each dimension.
  static final int QUERIES = 1;

  /// Keys and values, rows that follow each other; their number is a multiple of 8.
  static final int KEYS = 2;

  static final int VALUES = 3;
  static final int KEY_ROWS = 4;

  /// Room for a row of scores for each key.
  static final int SCORES = 5;

  /// What the weighted values come to: a row for each dimension.
  static final int OUTPUTS = 6;

  /// 32 references, then 32 sums.
  static final int STATE = 7;

  /// How many rows of scores, from the first on, not all lanes see, and of each the lanes that do
  /// not: a long, 16 lanes in each half.
  static final int MASKED_ROWS = 8;

  static final int MASKS = 9;

  /// The address of [#SLACK] and minus infinity.
  static final int LIMITS = 10;

  /// A line of what comes next, and what lies between it and the same one of the next row.
  static final int NEXT_LINE = 11;

  static final int NEXT_STEP = 12;

  /// e^8, as a power of 2.
  static final float SLACK = (float) (8 / Math.log(2));

  private static final int VECTOR = 64;
  private static final int SUMS = ProductTile.ROW_BYTES;

  /// [Instruction#VCMPPS]: greater.
  private static final int GREATER = 14;

  private static final int LEFT = 1;
  private static final int RIGHT = 2;

  // Registers of the softmax.
  private static final int X = 0;
  private static final int SPARE = 2;
  private static final int MAXIMA = 4;
  private static final int REFERENCES = 8;
  private static final int SUM = 10;
  private static final int LIMIT = 12;
  private static final int CONSTANTS = 16;

  private final Assembler a = new Assembler();
  private final int headDim;

  private ForwardCode(int headDim) {
    this.headDim = headDim;
  }

  static byte[] of(int headDim) {
    ForwardCode code = new ForwardCode(headDim);
    code.scores();
    code.mask();
    code.maximum();
    code.weigh();
    code.mix();
    code.a.returnToCaller();
    return code.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  private void scores() {
    Assembler.Label group = new Assembler.Label();
    a.load(R8, argument(KEYS));
    a.load(R9, argument(SCORES));
    a.load(R10, argument(KEY_ROWS));
    a.load(R11, argument(NEXT_LINE));
    a.load(RDX, argument(NEXT_STEP));
    a.label(group);
    // Spread over the products, which leave memory idle.
    ProductTile.fetch(a, R11, RDX);
    ProductTile.zero(a);
    a.move(RSI, R8);
    a.load(RAX, argument(QUERIES));
    a.set(RCX, headDim);
    ProductTile.multiply(a, headDim * Float.BYTES, Float.BYTES, ProductTile.ROW_BYTES);
    ProductTile.store(a, R9, ProductTile.ROW_BYTES);
    a.add(R8, ProductTile.ROWS * headDim * Float.BYTES);
    a.add(R9, ProductTile.ROWS * ProductTile.ROW_BYTES);
    a.subtract(R10, ProductTile.ROWS);
    a.jumpIfPositive(group);
  }

  private void mask() {
    Assembler.Label row = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.load(RCX, argument(MASKED_ROWS));
    a.compare(RCX, 1);
    a.jumpIfLess(end);
    a.load(R9, argument(SCORES));
    a.load(RDX, argument(MASKS));
    a.load(RAX, argument(LIMITS));
    a.zmm(VPBROADCASTD, LIMIT, at(RAX, Float.BYTES));
    a.label(row);
    a.loadMask(LEFT, at(RDX, 0), false);
    a.loadMask(RIGHT, at(RDX, Integer.BYTES), false);
    a.zmmMasked(VMOVDQU32_STORE, LEFT, LIMIT, at(R9, 0));
    a.zmmMasked(VMOVDQU32_STORE, RIGHT, LIMIT, at(R9, VECTOR));
    a.add(R9, ProductTile.ROW_BYTES);
    a.add(RDX, Long.BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(row);
    a.label(end);
  }

  /// Leaves references and sums in registers, after moving those that scores exceed by far.
  private void maximum() {
    Assembler.Label rows = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.load(RDX, argument(STATE));
    a.load(RAX, argument(NUMBERS));
    PowerOfTwo.prepare(a, CONSTANTS, RAX);
    for (int half = 0; half < 2; half++) {
      a.zmm(VMOVDQU32, REFERENCES + half, at(RDX, half * VECTOR));
      a.zmm(VMOVDQU32, SUM + half, at(RDX, SUMS + half * VECTOR));
      a.zmm(VMOVDQU32, MAXIMA + half, REFERENCES + half);
      a.zmm(VMOVDQU32, MAXIMA + 2 + half, REFERENCES + half);
    }
    a.load(R9, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(rows);
    for (int i = 0; i < 4; i++) {
      a.zmm(VMAXPS, MAXIMA + i, MAXIMA + i, at(R9, i * VECTOR));
    }
    a.add(R9, 2 * ProductTile.ROW_BYTES);
    a.subtract(RCX, 2);
    a.jumpIfPositive(rows);
    a.load(RAX, argument(LIMITS));
    a.zmm(VPBROADCASTD, LIMIT, at(RAX, 0));
    for (int half = 0; half < 2; half++) {
      a.zmm(VMAXPS, MAXIMA + half, MAXIMA + half, MAXIMA + 2 + half);
      a.zmm(VADDPS, X + half, REFERENCES + half, LIMIT);
      a.zmmBy(VCMPPS, LEFT + half, MAXIMA + half, X + half, GREATER);
    }
    a.testMasks(LEFT, RIGHT);
    a.jumpIfZero(end);
    move();
    a.label(end);
  }

  /// Moves references, and shrinks sums and outputs by 2 to the power of the difference.
  private void move() {
    Assembler.Label rows = new Assembler.Label();
    for (int half = 0; half < 2; half++) {
      a.zmm(VMOVDQU32, X + half, REFERENCES + half);
      a.zmmMasked(VMOVDQU32, LEFT + half, REFERENCES + half, 0, MAXIMA + half);
      a.zmm(VMOVDQU32_STORE, REFERENCES + half, at(RDX, half * VECTOR));
      a.zmm(VSUBPS, X + half, X + half, REFERENCES + half);
      PowerOfTwo.write(a, X + half, CONSTANTS, SPARE);
      a.zmm(VMULPS, SUM + half, SUM + half, X + half);
    }
    a.load(R9, argument(OUTPUTS));
    a.set(RCX, headDim);
    a.label(rows);
    for (int half = 0; half < 2; half++) {
      a.zmm(VMULPS, SPARE, X + half, at(R9, half * VECTOR));
      a.zmm(VMOVDQU32_STORE, SPARE, at(R9, half * VECTOR));
    }
    a.add(R9, ProductTile.ROW_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(rows);
  }

  /// Turns scores into weights, and adds them up.
  private void weigh() {
    Assembler.Label rows = new Assembler.Label();
    a.load(R9, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(rows);
    for (int half = 0; half < 2; half++) {
      Address score = at(R9, half * VECTOR);
      int x = X + half;
      a.zmm(VMOVDQU32, x, score);
      a.zmm(VSUBPS, x, x, REFERENCES + half);
      PowerOfTwo.write(a, x, CONSTANTS, SPARE + 2 * half);
      a.zmm(VADDPS, SUM + half, SUM + half, x);
      a.zmm(VMOVDQU32_STORE, x, score);
    }
    a.add(R9, ProductTile.ROW_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(rows);
    for (int half = 0; half < 2; half++) {
      a.zmm(VMOVDQU32_STORE, SUM + half, at(RDX, SUMS + half * VECTOR));
    }
  }

  private void mix() {
    Assembler.Label dims = new Assembler.Label();
    a.load(R8, argument(VALUES));
    a.load(R9, argument(OUTPUTS));
    a.set(R10, headDim);
    a.label(dims);
    ProductTile.load(a, R9, ProductTile.ROW_BYTES);
    a.move(RSI, R8);
    a.load(RAX, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    ProductTile.multiply(a, Float.BYTES, headDim * Float.BYTES, ProductTile.ROW_BYTES);
    ProductTile.store(a, R9, ProductTile.ROW_BYTES);
    a.add(R8, ProductTile.ROWS * Float.BYTES);
    a.add(R9, ProductTile.ROWS * ProductTile.ROW_BYTES);
    a.subtract(R10, ProductTile.ROWS);
    a.jumpIfPositive(dims);
  }
}
