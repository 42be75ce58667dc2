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

/// The step of FlashAttention-2's backward pass: a panel of queries, one a lane, meets a block of
/// keys.
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

  /// Keys and values, rows that follow each other; their number is a multiple of a tile's rows.
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

  /// A log-sum-exp, then a delta, for each lane.
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

  /// How many rows, after the last that the panel meets, other panels meet that it shares room
  /// with.
  static final int EMPTY_ROWS = 20;

  /// How many queries panels that share room have together.
  static final int COLUMNS = 21;

  /// As in [ForwardCode].
  static final int ALIBI = 22;

  private static final int LINE = 64;

  /// Lines of the next panel that are fetched before each tile.
  private static final int FETCHED = 8;

  // Registers of the softmax.
  private static final int X = 0;
  private static final int SPARE = 2;
  private static final int SLOPE = 6;
  private static final int LOG_SUMS = 8;
  private static final int DELTAS = 10;
  private static final int FACTOR = 12;
  private static final int GROWTH = 15;
  private static final int CONSTANTS = 16;

  private final Assembler a;
  private final int headDim;
  private final ScoreChange change;
  private final int vector;
  private final int rowBytes;

  /// The bytes between two rows of weights, and of slopes: other panels' lie between them.
  private final int weightBytes;

  private final ProductTile tile;
  private final LaneMask[] masks;

  private BackwardCode(VectorUnit unit, int headDim, int together, ScoreChange change) {
    this.a = new Assembler(unit);
    this.headDim = headDim;
    this.change = change;
    this.vector = unit.bytes();
    this.rowBytes = unit.rowBytes();
    this.weightBytes = together * rowBytes;
    this.tile = ProductTile.of(a);
    this.masks = new LaneMask[] {new LaneMask(a, 1, 13), new LaneMask(a, 2, 14)};
  }

  /// All of it, for one panel.
  static byte[] of(VectorUnit unit, int headDim, ScoreChange change) {
    BackwardCode code = new BackwardCode(unit, headDim, 1, change);
    code.forQueries();
    code.forKeys();
    return code.end();
  }

  /// Weights, slopes, and the gradients of the panel's queries.
  ///
  /// @param together how many panels share room for weights and slopes
  static byte[] forQueries(VectorUnit unit, int headDim, int together, ScoreChange change) {
    BackwardCode code = new BackwardCode(unit, headDim, together, change);
    code.forQueries();
    return code.end();
  }

  /// The gradients of keys and values, from the weights and slopes of panels that share room: what
  /// was summed before is read and written once for all of them.
  static byte[] forKeys(VectorUnit unit, int headDim, int together) {
    BackwardCode code = new BackwardCode(unit, headDim, together, ScoreChange.NONE);
    code.forKeys();
    return code.end();
  }

  private void forQueries() {
    acrossDimensions(KEYS, QUERIES, WEIGHTS, true, change);
    acrossDimensions(VALUES, OUTPUT_SLOPES, SLOPES, false, ScoreChange.NONE);
    softmax();
    if (weightBytes != rowBytes) {
      clearRest();
    }
    acrossKeys();
  }

  private void forKeys() {
    acrossQueries(WEIGHTS, OUTPUT_SLOPE_ROWS, VALUE_SLOPES);
    acrossQueries(SLOPES, QUERY_ROWS, KEY_SLOPES);
  }

  private byte[] end() {
    a.returnToCaller();
    return a.code();
  }

  private static Address argument(int place) {
    return at(RDI, place * Long.BYTES);
  }

  /// Multiplies rows of keys or values by packed queries or slopes: a row for each key.
  ///
  /// @param fetches whether a line of what comes next is fetched for each
  /// @param changed what becomes of the products
  private void acrossDimensions(
      int rows, int packed, int into, boolean fetches, ScoreChange changed) {
    Assembler.Label group = new Assembler.Label();
    TileScores scores = new TileScores(a, tile, changed, argument(NUMBERS), argument(ALIBI));
    scores.begin();
    a.load(R8, argument(rows));
    a.load(R9, argument(into));
    a.load(R10, argument(KEY_ROWS));
    a.load(R11, argument(NEXT_LINE));
    a.load(RDX, argument(NEXT_STEP));
    a.label(group);
    if (fetches) {
      tile.fetch(R11, RDX);
    }
    fetchPanel(FETCHED);
    tile.zero();
    a.move(RSI, R8);
    a.load(RAX, argument(packed));
    a.set(RCX, headDim);
    tile.multiply(headDim * Float.BYTES, Float.BYTES, rowBytes);
    scores.change();
    tile.store(R9, weightBytes);
    a.add(R8, tile.rows() * headDim * Float.BYTES);
    a.add(R9, tile.rows() * weightBytes);
    a.subtract(R10, tile.rows());
    a.jumpIfPositive(group);
  }

  /// Fetches a few lines of the next panel, or of its rows, before each tile: all tiles together
  /// fetch most of it.
  private void fetchPanel(int lines) {
    a.load(RSI, argument(NEXT_PANEL));
    for (int i = 0; i < lines; i++) {
      a.prefetch(at(RSI, i * LINE));
    }
    a.add(RSI, lines * LINE);
    a.store(argument(NEXT_PANEL), RSI);
  }

  /// Turns scores into weights, and the slopes of weights into those of scores.
  private void softmax() {
    a.load(RAX, argument(NUMBERS));
    PowerOfTwo.prepare(a, CONSTANTS, RAX);
    a.load(RAX, argument(SCALE));
    a.vector(VPBROADCASTD, FACTOR, at(RAX, 0));
    a.load(RAX, argument(STATE));
    for (int half = 0; half < 2; half++) {
      a.vector(VMOVDQU32, LOG_SUMS + half, at(RAX, half * vector));
      a.vector(VMOVDQU32, DELTAS + half, at(RAX, rowBytes + half * vector));
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
    SoftCapCode cap = new SoftCapCode(a, change.softCap(), SPARE, CONSTANTS);
    a.label(row);
    for (int half = 0; half < 2; half++) {
      Address weight = at(R8, half * vector);
      Address slope = at(R9, half * vector);
      int x = X + half;
      int y = SLOPE + half;
      a.vector(VMOVDQU32, x, weight);
      if (change.capped()) {
        cap.growth(x, GROWTH, y);
        a.vector(VMULPS, GROWTH, GROWTH, FACTOR);
      }
      a.vector(VSUBPS, x, x, LOG_SUMS + half);
      PowerOfTwo.write(a, x, CONSTANTS, SPARE + 2 * half);
      a.vector(VMOVDQU32, y, slope);
      a.vector(VSUBPS, y, y, DELTAS + half);
      a.vector(VMULPS, y, y, x);
      a.vector(VMULPS, y, y, change.capped() ? GROWTH : FACTOR);
      if (masked) {
        masks[half].load(at(RDX, half * Integer.BYTES));
        masks[half].clear(x, SPARE);
        masks[half].clear(y, SPARE);
      }
      a.vector(VMOVDQU32_STORE, x, weight);
      a.vector(VMOVDQU32_STORE, y, slope);
    }
    a.add(R8, weightBytes);
    a.add(R9, weightBytes);
    a.add(RDX, Long.BYTES);
    a.subtract(RCX, 1);
    a.jumpIfPositive(row);
  }

  /// Makes the rows 0 that follow, which this panel does not meet, but others that share its room
  /// do; [#softmax] leaves R8 and R9 there.
  private void clearRest() {
    Assembler.Label row = new Assembler.Label();
    Assembler.Label end = new Assembler.Label();
    a.load(RCX, argument(EMPTY_ROWS));
    a.compare(RCX, 1);
    a.jumpIfLess(end);
    a.vector(VPXORD, X, X, X);
    a.label(row);
    for (int half = 0; half < 2; half++) {
      a.vector(VMOVDQU32_STORE, X, at(R8, half * vector));
      a.vector(VMOVDQU32_STORE, X, at(R9, half * vector));
    }
    a.add(R8, weightBytes);
    a.add(R9, weightBytes);
    a.subtract(RCX, 1);
    a.jumpIfPositive(row);
    a.label(end);
  }

  /// Adds Kᵀ·dS to the gradients of the queries.
  private void acrossKeys() {
    a.load(R8, argument(KEYS));
    a.load(R9, argument(QUERY_SLOPES));
    tile.forRows(
        headDim,
        R10,
        dims -> {
          fetchPanel(FETCHED);
          dims.load(R9, rowBytes);
          a.move(RSI, R8);
          a.load(RAX, argument(SLOPES));
          a.load(RCX, argument(KEY_ROWS));
          dims.multiply(Float.BYTES, headDim * Float.BYTES, weightBytes);
          dims.store(R9, rowBytes);
          a.add(R8, dims.rows() * Float.BYTES);
          a.add(R9, dims.rows() * rowBytes);
        });
  }

  /// Adds the product of weights or slopes with rows of queries to gradients of keys or values.
  private void acrossQueries(int weights, int rows, int into) {
    Assembler.Label group = new Assembler.Label();
    Assembler.Label dims = new Assembler.Label();
    int columns = a.unit().columns();
    int dimensionBytes = headDim * Float.BYTES;
    a.load(R8, argument(weights));
    a.load(R9, argument(into));
    a.load(R10, argument(KEY_ROWS));
    a.label(group);
    a.load(R11, argument(rows));
    a.set(RDX, headDim);
    a.label(dims);
    // Tiles of several panels read less of each.
    fetchPanel(weightBytes == rowBytes ? FETCHED : FETCHED / 2);
    tile.load(R9, dimensionBytes);
    a.move(RSI, R8);
    a.move(RAX, R11);
    if (weightBytes == rowBytes) {
      a.set(RCX, columns);
    } else {
      a.load(RCX, argument(COLUMNS));
    }
    tile.multiply(weightBytes, Float.BYTES, dimensionBytes);
    tile.store(R9, dimensionBytes);
    a.add(R9, rowBytes);
    a.add(R11, rowBytes);
    a.subtract(RDX, columns);
    a.jumpIfPositive(dims);
    // The last of the columns is where the next row begins; more rows of the tile follow.
    a.add(R9, (tile.rows() - 1) * dimensionBytes);
    a.add(R8, tile.rows() * weightBytes);
    a.subtract(R10, tile.rows());
    a.jumpIfPositive(group);
  }
}
