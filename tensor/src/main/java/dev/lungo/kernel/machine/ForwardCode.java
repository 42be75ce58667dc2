package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VMAXPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTD;
import static dev.lungo.kernel.machine.Instruction.VRNDSCALEPS;
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

/// The step of FlashAttention-2: a panel of queries, one a lane of one vector or two, meets a block
/// of keys.
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

  /// Keys and values; their number is a multiple of a tile's rows.
  static final int KEYS = 2;

  static final int VALUES = 3;
  static final int KEY_ROWS = 4;

  /// Room for a row of scores for each key.
  static final int SCORES = 5;

  /// What the weighted values come to: a row for each dimension.
  static final int OUTPUTS = 6;

  /// A reference, then a sum, for each lane, in a row each; there are [TileWeights#STATE_ROWS].
  static final int STATE = 7;

  /// How many rows of scores, from the first on, not all lanes see, and of each the lanes that do
  /// not: a long, the lanes of a vector in each half.
  static final int MASKED_ROWS = 8;

  static final int MASKS = 9;

  /// The address of [#SLACK] and minus infinity.
  static final int LIMITS = 10;

  /// A line of what comes next, and what lies between it and the same one of the next row, for
  /// copied keys.
  static final int NEXT_LINE = 11;

  static final int NEXT_STEP = 12;

  /// Where, for keys in place, as many bytes as the keys have are to be fetched from: during the
  /// scores, and during the mixing of values.
  static final int FETCHED_FIRST = 13;

  static final int FETCHED_LAST = 14;

  /// The address of [AlibiRows], where scores are biased.
  static final int ALIBI = 15;

  /// e^8, as a power of 2.
  static final float SLACK = (float) (8 / Math.log(2));

  /// How far behind it a line is asked for once more, where few heads make memory the slower part:
  /// the processor drops requests when it has too many under way.
  private static final int ASKED_AGAIN = 4096;

  // Registers of the softmax.
  private static final int X = 0;
  private static final int SPARE = 2;
  private static final int MAXIMA = 4;
  private static final int REFERENCES = 8;
  private static final int SUM = 10;
  private static final int LIMIT = 12;
  private static final int CONSTANTS = 16;

  private final Assembler a;

  /// Scores and weights of a few keys.
  private final ProductTile tile;

  /// What computes them, and what mixes values.
  private final ProductTile keyTile;

  private final ProductTile valueTile;
  private final int headDim;
  private final int keyBytes;
  private final boolean inPlace;
  private final ScoreChange change;

  private final int vectors;
  private final int vector;
  private final int rowBytes;
  private final LaneMask[] masks;

  private ForwardCode(
      VectorUnit unit,
      int vectors,
      int headDim,
      int keyBytes,
      boolean inPlace,
      ScoreChange change) {
    this.a = new Assembler(unit);
    this.tile = ProductTile.of(a, vectors);
    this.keyTile = vectors == 1 ? ProductTile.ofPairs(a) : tile;
    this.valueTile = vectors == 1 ? ProductTile.ofPairsTimesRows(a) : tile;
    this.headDim = headDim;
    this.keyBytes = keyBytes;
    this.inPlace = inPlace;
    this.change = change;
    this.vectors = vectors;
    this.vector = unit.bytes();
    this.rowBytes = vectors * vector;
    this.masks = new LaneMask[] {new LaneMask(a, 1, 13), new LaneMask(a, 2, 14)};
  }

  /// For copied keys, whose rows follow each other.
  static byte[] ofCopies(VectorUnit unit, int headDim, ScoreChange change) {
    return of(new ForwardCode(unit, 2, headDim, headDim * Float.BYTES, false, change));
  }

  /// For keys where they are stored.
  ///
  /// @param vectors of a row of the panel
  /// @param keyBytes what lies between two keys, and between two values
  static byte[] inPlace(
      VectorUnit unit, int vectors, int headDim, int keyBytes, ScoreChange change) {
    return of(new ForwardCode(unit, vectors, headDim, keyBytes, true, change));
  }

  private static byte[] of(ForwardCode code) {
    Assembler.Label weighed = new Assembler.Label();
    // Where lanes are heads, the steepest of ALiBi soon leaves all scores out of reach.
    boolean hasSteepLanes = code.change.alibi() && code.inPlace;
    if (code.a.unit() == VectorUnit.AVX2 && !hasSteepLanes) {
      code.scoresAndWeights(weighed);
    }
    code.scores();
    code.mask();
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

  /// Does what the next four parts do, if all lanes see all keys and no score is out of reach.
  private void scoresAndWeights(Assembler.Label weighed) {
    Assembler.Label otherwise = new Assembler.Label();
    TileWeights weights = new TileWeights(a, tile, RAX);
    a.load(RCX, argument(MASKED_ROWS));
    a.compare(RCX, 0);
    a.jumpIfPositive(otherwise);
    a.load(RAX, argument(STATE));
    weights.begin(otherwise);
    forTilesOfScores(() -> {
      a.load(RAX, argument(STATE));
      weights.weigh();
      tile.store(R9, rowBytes);
      weights.add();
    });
    weights.end(weighed);
    a.label(otherwise);
  }

  private void scores() {
    forTilesOfScores(() -> tile.store(R9, rowBytes));
  }

  /// @param body writes what is done with the scores of a tile's keys, whose rows begin at R9
  private void forTilesOfScores(Runnable body) {
    Assembler.Label group = new Assembler.Label();
    TileScores scores = new TileScores(a, tile, change, argument(NUMBERS), argument(ALIBI));
    scores.begin();
    a.load(R8, argument(KEYS));
    a.load(R9, argument(SCORES));
    a.load(R10, argument(KEY_ROWS));
    a.load(R11, argument(inPlace ? FETCHED_FIRST : NEXT_LINE));
    a.load(RDX, argument(NEXT_STEP));
    a.label(group);
    if (!inPlace) {
      tile.fetch(R11, RDX);
    }
    keyTile.zero();
    a.move(RSI, R8);
    a.load(RAX, argument(QUERIES));
    int width = keyTile.width();
    a.set(RCX, headDim / width);
    keyTile.multiply(keyBytes, width * Float.BYTES, width * rowBytes, () -> fetch(keyTile));
    keyTile.addPairs();
    scores.change();
    body.run();
    a.add(R8, tile.rows() * keyBytes);
    a.add(R9, tile.rows() * rowBytes);
    a.subtract(R10, tile.rows());
    a.jumpIfPositive(group);
  }

  /// Fetches, where keys are read in place, as many bytes of what comes next as two steps read:
  /// products leave memory idle.
  private void fetch(ProductTile tile) {
    if (!inPlace) {
      return;
    }
    int bytes = 2 * tile.rows() * tile.width() * Float.BYTES;
    for (int line = 0; line < bytes; line += bytes / tile.width()) {
      a.prefetch(at(R11, line));
      if (vectors == 1) {
        a.prefetch(at(R11, line - ASKED_AGAIN));
      }
    }
    a.add(R11, bytes);
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
    a.vector(VPBROADCASTD, LIMIT, at(RAX, Float.BYTES));
    a.label(row);
    for (int half = 0; half < vectors; half++) {
      masks[half].load(at(RDX, half * Integer.BYTES));
    }
    for (int half = 0; half < vectors; half++) {
      masks[half].store(LIMIT, at(R9, half * vector), X + half);
    }
    a.add(R9, rowBytes);
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
    for (int half = 0; half < vectors; half++) {
      a.vector(VMOVDQU32, REFERENCES + half, at(RDX, half * vector));
      a.vector(VMOVDQU32, SUM + half, at(RDX, rowBytes + half * vector));
      a.vector(VMOVDQU32, MAXIMA + half, REFERENCES + half);
      a.vector(VMOVDQU32, MAXIMA + vectors + half, REFERENCES + half);
    }
    a.load(R9, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(rows);
    for (int i = 0; i < 2 * vectors; i++) {
      a.vector(VMAXPS, MAXIMA + i, MAXIMA + i, at(R9, i * vector));
    }
    a.add(R9, 2 * rowBytes);
    a.subtract(RCX, 2);
    a.jumpIfPositive(rows);
    a.load(RAX, argument(LIMITS));
    a.vector(VPBROADCASTD, LIMIT, at(RAX, 0));
    for (int half = 0; half < vectors; half++) {
      a.vector(VMAXPS, MAXIMA + half, MAXIMA + half, MAXIMA + vectors + half);
      a.vector(VADDPS, X + half, REFERENCES + half, LIMIT);
      masks[half].greater(MAXIMA + half, X + half);
    }
    masks[0].testWith(masks[vectors - 1]);
    a.jumpIfZero(end);
    move();
    a.label(end);
  }

  /// Moves references, and shrinks sums and outputs by 2 to the power of the difference.
  private void move() {
    Assembler.Label rows = new Assembler.Label();
    for (int half = 0; half < vectors; half++) {
      if (a.unit() == VectorUnit.AVX2) {
        // As TileWeights wants them.
        a.vectorBy(VRNDSCALEPS, MAXIMA + half, 0, MAXIMA + half, 0);
      }
      a.vector(VMOVDQU32, X + half, REFERENCES + half);
      masks[half].copy(REFERENCES + half, MAXIMA + half);
      a.vector(VMOVDQU32_STORE, REFERENCES + half, at(RDX, half * vector));
      a.vector(VSUBPS, X + half, X + half, REFERENCES + half);
      PowerOfTwo.write(a, X + half, CONSTANTS, SPARE);
      a.vector(VMULPS, SUM + half, SUM + half, X + half);
    }
    a.load(R9, argument(OUTPUTS));
    int width = valueTile.width();
    if (width > 1) {
      LanePairs.repeat(a, X, X + 1);
    }
    a.set(RCX, headDim / width);
    a.label(rows);
    for (int half = 0; half < width * vectors; half++) {
      a.vector(VMULPS, SPARE, X + half, at(R9, half * vector));
      a.vector(VMOVDQU32_STORE, SPARE, at(R9, half * vector));
    }
    a.add(R9, width * rowBytes);
    a.subtract(RCX, 1);
    a.jumpIfPositive(rows);
  }

  /// Turns scores into weights, and adds them up.
  private void weigh() {
    Assembler.Label rows = new Assembler.Label();
    a.load(R9, argument(SCORES));
    a.load(RCX, argument(KEY_ROWS));
    a.label(rows);
    for (int half = 0; half < vectors; half++) {
      Address score = at(R9, half * vector);
      int x = X + half;
      a.vector(VMOVDQU32, x, score);
      a.vector(VSUBPS, x, x, REFERENCES + half);
      PowerOfTwo.write(a, x, CONSTANTS, SPARE + 2 * half);
      a.vector(VADDPS, SUM + half, SUM + half, x);
      a.vector(VMOVDQU32_STORE, x, score);
    }
    a.add(R9, rowBytes);
    a.subtract(RCX, 1);
    a.jumpIfPositive(rows);
    for (int half = 0; half < vectors; half++) {
      a.vector(VMOVDQU32_STORE, SUM + half, at(RDX, rowBytes + half * vector));
    }
  }

  private void mix() {
    a.load(R8, argument(VALUES));
    a.load(R9, argument(OUTPUTS));
    if (inPlace) {
      a.load(R11, argument(FETCHED_LAST));
    }
    int width = valueTile.width();
    valueTile.forRows(
        headDim / width,
        R10,
        dims -> {
          dims.load(R9, width * rowBytes);
          a.move(RSI, R8);
          a.load(RAX, argument(SCORES));
          a.load(RCX, argument(KEY_ROWS));
          dims.multiply(width * Float.BYTES, keyBytes, rowBytes, () -> fetch(dims));
          dims.store(R9, width * rowBytes);
          a.add(R8, dims.rows() * width * Float.BYTES);
          a.add(R9, dims.rows() * width * rowBytes);
        });
  }
}
