package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
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

/// The step of FlashAttention-2's backward pass: a panel of 32 queries, one a lane, meets a block
/// of keys.
///
/// P = 2^(S - lse) and dP = V·dOᵀ, keys down and queries across; dS = P ∘ (dP - delta) · scale;
/// then dQᵀ += Kᵀ·dS, dV += P·dO and dK += dS·Q. Scores and their log-sum-exp are those of base 2.
final class BackwardCode {
  // Arguments, by their place.

  /// The address of [PowerOfTwo]'s numbers.
  static final int NUMBERS = 0;

  /// Queries and gradients of outputs, packed: a row for each dimension; and as rows.
  static final int QUERIES = 1;

  static final int OUTPUT_SLOPES = 2;
  static final int QUERY_ROWS = 3;
  static final int OUTPUT_SLOPE_ROWS = 4;

  /// Keys and values, rows that follow each other; their number is a multiple of 8.
  static final int KEYS = 5;

  static final int VALUES = 6;
  static final int KEY_ROWS = 7;

  /// Room for a row of weights and a row of slopes of scores for each key.
  static final int WEIGHTS = 8;

  static final int SLOPES = 9;

  /// Gradients: of the keys and values as rows, of the queries packed.
  static final int KEY_SLOPES = 10;

  static final int VALUE_SLOPES = 11;
  static final int QUERY_SLOPES = 12;

  /// 32 log-sum-exps, then 32 deltas.
  static final int STATE = 13;

  /// The address of the factor of scores.
  static final int SCALE = 14;

  /// As in [ForwardCode].
  static final int MASKED_ROWS = 15;

  static final int MASKS = 16;
  static final int NEXT_LINE = 17;
  static final int NEXT_STEP = 18;

  /// The panel that comes next.
  static final int NEXT_PANEL = 19;

  private static final int VECTOR = 64;
  private static final int LINES_OF_A_TILE = 8;
  private static final int COLUMNS = ProductTile.COLUMNS;
  private static final int ROWS = ProductTile.ROWS;
  private static final int ROW_BYTES = ProductTile.ROW_BYTES;

  private static final int LEFT = 1;

  // Registers of the softmax.
  private static final int X = 0;
  private static final int SPARE = 2;
  private static final int SLOPE = 6;
  private static final int LOG_SUMS = 8;
  private static final int DELTAS = 10;
  private static final int FACTOR = 12;
  private static final int CONSTANTS = 16;

  private final Assembler a = new Assembler();
  private final int headDim;

  private BackwardCode(int headDim) {
    this.headDim = headDim;
  }

  static byte[] of(int headDim) {
    BackwardCode code = new BackwardCode(headDim);
    code.acrossDimensions(KEYS, QUERIES, WEIGHTS, true);
    code.acrossDimensions(VALUES, OUTPUT_SLOPES, SLOPES, false);
    code.softmax();
    code.acrossKeys();
    code.acrossQueries(WEIGHTS, OUTPUT_SLOPE_ROWS, VALUE_SLOPES);
    code.acrossQueries(SLOPES, QUERY_ROWS, KEY_SLOPES);
    code.a.returnToCaller();
    return code.a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  /// Multiplies rows of keys or values by packed queries or slopes: a row for each key.
  ///
  /// @param fetches whether a line of what comes next is fetched for each
  private void acrossDimensions(int rows, int packed, int into, boolean fetches) {
    Assembler.Label group = new Assembler.Label();
    a.load(R8, argument(rows));
    a.load(R9, argument(into));
    a.load(R10, argument(KEY_ROWS));
    a.load(R11, argument(NEXT_LINE));
    a.load(RDX, argument(NEXT_STEP));
    a.label(group);
    if (fetches) {
      ProductTile.fetch(a, R11, RDX);
    }
    fetchPanel();
    ProductTile.zero(a);
    a.move(RSI, R8);
    a.load(RAX, argument(packed));
    a.set(RCX, headDim);
    ProductTile.multiply(a, headDim * Float.BYTES, Float.BYTES, ROW_BYTES);
    ProductTile.store(a, R9, ROW_BYTES);
    a.add(R8, ROWS * headDim * Float.BYTES);
    a.add(R9, ROWS * ROW_BYTES);
    a.subtract(R10, ROWS);
    a.jumpIfPositive(group);
  }

  /// Fetches a few lines of the next panel, before each tile: all tiles together fetch most of it.
  private void fetchPanel() {
    a.load(RSI, argument(NEXT_PANEL));
    for (int i = 0; i < LINES_OF_A_TILE; i++) {
      a.prefetch(at(RSI, i * VECTOR));
    }
    a.add(RSI, LINES_OF_A_TILE * VECTOR);
    a.store(argument(NEXT_PANEL), RSI);
  }

  /// Turns scores into weights, and the slopes of weights into those of scores.
  private void softmax() {
    a.load(RAX, argument(NUMBERS));
    PowerOfTwo.prepare(a, CONSTANTS, RAX);
    a.load(RAX, argument(SCALE));
    a.zmm(VPBROADCASTD, FACTOR, at(RAX, 0));
    a.load(RAX, argument(STATE));
    for (int half = 0; half < 2; half++) {
      a.zmm(VMOVDQU32, LOG_SUMS + half, at(RAX, half * VECTOR));
      a.zmm(VMOVDQU32, DELTAS + half, at(RAX, ROW_BYTES + half * VECTOR));
    }
    Assembler.Label end = new Assembler.Label();
    a.load(R8, argument(WEIGHTS));
    a.load(R9, argument(SLOPES));
    a.load(RDX, argument(MASKS));
    a.load(RCX, argument(MASKED_ROWS));
    a.compare(RCX, 1);
    Assembler.Label some = new Assembler.Label();
    a.jumpIfLess(some);
    softmaxRows(true);
    a.jump(end);
    a.label(some);
    a.load(RCX, argument(KEY_ROWS));
    softmaxRows(false);
    a.label(end);
  }

  private void softmaxRows(boolean masked) {
    Assembler.Label row = new Assembler.Label();
    a.label(row);
    for (int half = 0; half < 2; half++) {
      Address weight = at(R8, half * VECTOR);
      Address slope = at(R9, half * VECTOR);
      int x = X + half;
      int y = SLOPE + half;
      a.zmm(VMOVDQU32, x, weight);
      a.zmm(VSUBPS, x, x, LOG_SUMS + half);
      PowerOfTwo.write(a, x, CONSTANTS, SPARE + 2 * half);
      a.zmm(VMOVDQU32, y, slope);
      a.zmm(VSUBPS, y, y, DELTAS + half);
      a.zmm(VMULPS, y, y, x);
      a.zmm(VMULPS, y, y, FACTOR);
      if (masked) {
        a.loadMask(LEFT + half, at(RDX, half * Integer.BYTES), false);
        a.zmmMasked(VPXORD, LEFT + half, x, x, x);
        a.zmmMasked(VPXORD, LEFT + half, y, y, y);
      }
      a.zmm(VMOVDQU32_STORE, x, weight);
      a.zmm(VMOVDQU32_STORE, y, slope);
    }
    a.add(R8, ROW_BYTES);
    a.add(R9, ROW_BYTES);
    a.add(RDX, Long.BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(row);
  }

  /// Adds Kᵀ·dS to the gradients of the queries.
  private void acrossKeys() {
    Assembler.Label dims = new Assembler.Label();
    a.load(R8, argument(KEYS));
    a.load(R9, argument(QUERY_SLOPES));
    a.set(R10, headDim);
    a.label(dims);
    fetchPanel();
    ProductTile.load(a, R9, ROW_BYTES);
    a.move(RSI, R8);
    a.load(RAX, argument(SLOPES));
    a.load(RCX, argument(KEY_ROWS));
    ProductTile.multiply(a, Float.BYTES, headDim * Float.BYTES, ROW_BYTES);
    ProductTile.store(a, R9, ROW_BYTES);
    a.add(R8, ROWS * Float.BYTES);
    a.add(R9, ROWS * ROW_BYTES);
    a.subtract(R10, ROWS);
    a.jumpIfPositive(dims);
  }

  /// Adds the product of weights or slopes with rows of queries to gradients of keys or values.
  private void acrossQueries(int weights, int rows, int into) {
    Assembler.Label group = new Assembler.Label();
    Assembler.Label dims = new Assembler.Label();
    int rowBytes = headDim * Float.BYTES;
    a.load(R8, argument(weights));
    a.load(R9, argument(into));
    a.load(R10, argument(KEY_ROWS));
    a.label(group);
    a.load(R11, argument(rows));
    a.set(RDX, headDim);
    a.label(dims);
    fetchPanel();
    ProductTile.load(a, R9, rowBytes);
    a.move(RSI, R8);
    a.move(RAX, R11);
    a.set(RCX, COLUMNS);
    ProductTile.multiply(a, ROW_BYTES, Float.BYTES, rowBytes);
    ProductTile.store(a, R9, rowBytes);
    a.add(R9, ROW_BYTES);
    a.add(R11, ROW_BYTES);
    a.subtract(RDX, COLUMNS);
    a.jumpIfPositive(dims);
    // The last of the columns is where the next row begins; seven more rows follow.
    a.add(R9, (ROWS - 1) * rowBytes);
    a.add(R8, ROWS * ROW_BYTES);
    a.subtract(R10, ROWS);
    a.jumpIfPositive(group);
  }
}
