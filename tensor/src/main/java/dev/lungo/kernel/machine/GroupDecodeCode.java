package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMAXPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;
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

/// The step of attention of one query whose heads share keys and values: 16 heads, one a lane, meet
/// a block of keys, which are read where they are stored, once for all heads.
///
/// Scores and references are as in [ForwardCode].
final class GroupDecodeCode {
  // Arguments, by their place.
  static final int NUMBERS = 0;

  /// The heads' queries: a row of 16 for each dimension.
  static final int QUERIES = 1;

  static final int KEYS = 2;
  static final int VALUES = 3;

  /// How many keys, a multiple of 16.
  static final int KEY_ROWS = 4;

  static final int SCORES = 5;

  /// What the weighted values come to, head by head.
  static final int OUTPUTS = 6;

  /// 16 references, 16 sums, and room for 16 factors: [#STATE_ROWS].
  static final int STATE = 7;

  /// How many keys at the start, and how many at the end, are not seen.
  static final int HIDDEN = 8;

  static final int UNSEEN = 9;

  /// As in [ForwardCode].
  static final int LIMITS = 10;

  /// Heads, one a lane, and keys that are met at once.
  static final int SIDE = 16;

  static final int ROW_BYTES = SIDE * Float.BYTES;

  static final int STATE_ROWS = 3;

  // Registers: 16 sums of products from 0 on, then weights, and
  private static final int QUERY = 16;
  private static final int VALUE = 16;
  private static final int WEIGHT = 20;

  // those of the softmax.
  private static final int X = 0;
  private static final int MAXIMUM = 4;
  private static final int CONSTANTS = 17;
  private static final int REFERENCE = CONSTANTS + PowerOfTwo.REGISTERS;
  private static final int SUM = REFERENCE + 1;
  private static final int LIMIT = REFERENCE + 2;
  private static final int LARGEST = REFERENCE + 3;
  private static final int SPARE = REFERENCE + 4;

  /// How many groups of keys ahead are fetched: the processor does not see that rows which are read
  /// side by side follow each other.
  private static final int GROUPS_AHEAD = 2;

  private static final int LINE = 64;

  /// Vectors of a value that are mixed at once: with as many heads, they take fewer loads than one
  /// for all heads does.
  private static final int MIXED = 4;

  private final Assembler a = new Assembler();
  private final LaneMask far = new LaneMask(a, 1, 0);
  private final int headDim;
  private final int rowBytes;

  private GroupDecodeCode(int headDim, int rowBytes) {
    this.headDim = headDim;
    this.rowBytes = rowBytes;
  }

  /// @param rowBytes what lies between two keys, and between two values
  static byte[] of(int headDim, int rowBytes) {
    GroupDecodeCode code = new GroupDecodeCode(headDim, rowBytes);
    Assembler.Label weighed = new Assembler.Label();
    code.scoresAndWeights(weighed);
    code.scores(code::storeScores);
    code.hide();
    code.maximum();
    code.weigh();
    code.a.label(weighed);
    code.mix();
    code.a.returnToCaller();
    return code.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  /// Does what the next four parts do, if all keys are seen and no score exceeds its lane's
  /// reference by far: turns scores into weights while they are in registers. What it did otherwise
  /// is done again.
  private void scoresAndWeights(Assembler.Label weighed) {
    Assembler.Label otherwise = new Assembler.Label();
    for (int hidden : new int[] {HIDDEN, UNSEEN}) {
      a.load(RCX, argument(hidden));
      a.compare(RCX, 0);
      a.jumpIfPositive(otherwise);
    }
    prepareWeights();
    a.vector(VMOVDQU32, LARGEST, REFERENCE);
    scores(() -> {
      for (int row = 0; row < SIDE; row++) {
        a.vector(VMAXPS, LARGEST, LARGEST, row);
        weigh(row);
      }
      storeScores();
    });
    isFar(LARGEST);
    a.jumpIfNotZero(otherwise);
    a.load(RDX, argument(STATE));
    a.vector(VMOVDQU32_STORE, SUM, at(RDX, ROW_BYTES));
    a.jump(weighed);
    a.label(otherwise);
  }

  private void prepareWeights() {
    a.load(RDX, argument(STATE));
    a.load(RAX, argument(NUMBERS));
    PowerOfTwo.prepare(a, CONSTANTS, RAX);
    a.vector(VMOVDQU32, REFERENCE, at(RDX, 0));
    a.vector(VMOVDQU32, SUM, at(RDX, ROW_BYTES));
  }

  /// Lets a jump see whether a lane's score exceeds its reference by far.
  private void isFar(int score) {
    a.load(RAX, argument(LIMITS));
    a.vector(VADDPS, SPARE, REFERENCE, at(RAX, 0).toAllLanes());
    far.greater(score, SPARE);
    far.testWith(far);
  }

  /// Turns a register's scores into weights, and adds them to the sums.
  private void weigh(int x) {
    a.vector(VSUBPS, x, x, REFERENCE);
    PowerOfTwo.write(a, x, CONSTANTS, SPARE);
    a.vector(VADDPS, SUM, SUM, x);
  }

  private void storeScores() {
    for (int row = 0; row < SIDE; row++) {
      a.vector(VMOVDQU32_STORE, row, at(R9, row * ROW_BYTES));
    }
  }

  /// Multiplies 16 keys at a time with the queries: a number of each for all heads.
  ///
  /// @param body writes what is done with the scores, whose rows begin at R9
  private void scores(Runnable body) {
    Assembler.Label group = new Assembler.Label();
    Assembler.Label dimension = new Assembler.Label();
    a.load(R8, argument(KEYS));
    a.load(R9, argument(SCORES));
    a.load(R10, argument(KEY_ROWS));
    a.load(RDX, argument(VALUES));
    a.move(R11, R8);
    a.label(group);
    for (int row = 0; row < SIDE; row++) {
      a.vector(VPXORD, row, row, row);
    }
    a.move(RSI, R8);
    a.load(RAX, argument(QUERIES));
    a.set(RCX, headDim);
    a.label(dimension);
    if (rowBytes == headDim * Float.BYTES) {
      // A group's rows have a line for each dimension, if no other head's lie between them.
      a.prefetch(at(R11, GROUPS_AHEAD * SIDE * rowBytes));
      a.prefetch(at(RDX, 0));
      a.add(R11, LINE);
      a.add(RDX, LINE);
    }
    a.vector(VMOVDQU32, QUERY, at(RAX, 0));
    for (int row = 0; row < SIDE; row++) {
      a.vector(VFMADD231PS, row, QUERY, at(RSI, row * rowBytes).toAllLanes());
    }
    a.add(RSI, Float.BYTES);
    a.add(RAX, ROW_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(dimension);
    body.run();
    a.add(R8, SIDE * rowBytes);
    a.add(R9, SIDE * ROW_BYTES);
    a.subtract(R10, SIDE);
    a.jumpIfPositive(group);
  }

  /// Leaves [Register#R9] after the last score.
  private void hide() {
    a.load(RAX, argument(LIMITS));
    a.vector(VPBROADCASTD, LIMIT, at(RAX, Float.BYTES));
    a.load(RCX, argument(UNSEEN));
    hideRows(R9, -ROW_BYTES, -ROW_BYTES);
    a.load(R8, argument(SCORES));
    a.load(RCX, argument(HIDDEN));
    hideRows(R8, 0, ROW_BYTES);
  }

  private void hideRows(Register row, int offset, int step) {
    Assembler.Label next = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.label(next);
    a.compare(RCX, 1);
    a.jumpIfLess(end);
    a.vector(VMOVDQU32_STORE, LIMIT, at(row, offset));
    a.add(row, step);
    a.subtract(RCX, 1);
    a.jump(next);
    a.label(end);
  }

  private void maximum() {
    Assembler.Label rows = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    prepareWeights();
    for (int i = 0; i < 4; i++) {
      a.vector(VMOVDQU32, MAXIMUM + i, REFERENCE);
    }
    a.load(R9, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(rows);
    for (int i = 0; i < 4; i++) {
      a.vector(VMAXPS, MAXIMUM + i, MAXIMUM + i, at(R9, i * ROW_BYTES));
    }
    a.add(R9, 4 * ROW_BYTES);
    a.subtract(RCX, 4);
    a.jumpIfPositive(rows);
    for (int i = 1; i < 4; i++) {
      a.vector(VMAXPS, MAXIMUM, MAXIMUM, MAXIMUM + i);
    }
    isFar(MAXIMUM);
    a.jumpIfZero(end);
    move();
    a.label(end);
  }

  private void move() {
    Assembler.Label rows = new Assembler.Label();
    a.vector(VMOVDQU32, X, REFERENCE);
    far.copy(REFERENCE, MAXIMUM);
    a.vector(VMOVDQU32_STORE, REFERENCE, at(RDX, 0));
    a.vector(VSUBPS, X, X, REFERENCE);
    PowerOfTwo.write(a, X, CONSTANTS, SPARE);
    a.vector(VMULPS, SUM, SUM, X);
    a.vector(VMOVDQU32_STORE, X, at(RDX, 2 * ROW_BYTES));
    a.move(RSI, RDX);
    a.load(R9, argument(OUTPUTS));
    a.set(RCX, SIDE);
    a.label(rows);
    a.vector(VPBROADCASTD, X, at(RSI, 2 * ROW_BYTES));
    for (int vector = 0; vector < headDim / SIDE; vector++) {
      a.vector(VMULPS, SPARE, X, at(R9, vector * LINE));
      a.vector(VMOVDQU32_STORE, SPARE, at(R9, vector * LINE));
    }
    a.add(RSI, Float.BYTES);
    a.add(R9, headDim * Float.BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(rows);
  }

  private void weigh() {
    Assembler.Label rows = new Assembler.Label();
    a.load(R9, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(rows);
    a.vector(VMOVDQU32, X, at(R9, 0));
    weigh(X);
    a.vector(VMOVDQU32_STORE, X, at(R9, 0));
    a.add(R9, ROW_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(rows);
    a.vector(VMOVDQU32_STORE, SUM, at(RDX, ROW_BYTES));
  }

  /// Adds the weighted values, as many numbers of as many heads at once as registers hold.
  private void mix() {
    a.load(R8, argument(VALUES));
    a.load(R9, argument(OUTPUTS));
    int vectors = headDim / SIDE;
    for (int vector = 0; vector < vectors; vector += MIXED) {
      int count = Math.min(MIXED, vectors - vector);
      int heads = SIDE / Integer.highestOneBit(2 * count - 1);
      for (int head = 0; head < SIDE; head += heads) {
        mix(vector, count, head, heads);
      }
    }
  }

  private void mix(int vector, int vectors, int head, int heads) {
    Assembler.Label row = new Assembler.Label();
    for (int i = 0; i < heads * vectors; i++) {
      a.vector(VMOVDQU32, i, output(vector, vectors, head, i));
    }
    a.move(RSI, R8);
    a.load(RAX, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(row);
    for (int v = 0; v < vectors; v++) {
      a.vector(VMOVDQU32, VALUE + v, at(RSI, (vector + v) * LINE));
    }
    for (int h = 0; h < heads; h++) {
      int weight = WEIGHT + h % 4;
      a.vector(VPBROADCASTD, weight, at(RAX, (head + h) * Float.BYTES));
      for (int v = 0; v < vectors; v++) {
        a.vector(VFMADD231PS, h * vectors + v, weight, VALUE + v);
      }
    }
    a.add(RSI, rowBytes);
    a.add(RAX, ROW_BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(row);
    for (int i = 0; i < heads * vectors; i++) {
      a.vector(VMOVDQU32_STORE, i, output(vector, vectors, head, i));
    }
  }

  private Address output(int vector, int vectors, int head, int i) {
    int at = (head + i / vectors) * headDim * Float.BYTES;
    return at(R9, at + (vector + i % vectors) * LINE);
  }
}
