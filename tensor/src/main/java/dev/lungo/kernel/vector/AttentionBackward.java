package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.LINE_STRIDE;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The backward pass of attention for one key/value head of one sequence; belongs to one thread.
///
/// For each block of keys and each block of queries it computes the weights again from the
/// log-sum-exp that the forward pass kept (P = exp(S - lse)), and from them dV = Pᵀ·dO, dP = dO·Vᵀ,
/// dS = P ∘ (dP - rowsum(dO ∘ O)), dK = dSᵀ·Q and dQ = dS·K (FlashAttention-2, algorithm 2).
final class AttentionBackward {
  /// The operands and gradients of one call.
  record Memory(
      MemorySegment dOut,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp,
      MemorySegment dq,
      MemorySegment dk,
      MemorySegment dv) {}

  private final int queryBlock;
  private final int keyBlock;
  private final PanelMask mask;
  private final GatheredKeys gathered = new GatheredKeys();
  private final float[] lines = new float[Panels.LINES_LENGTH];
  private final float[] tile = new float[ROWS * COLUMNS];
  private final float[] weights;
  private final float[] slopes;
  private final float[] steepness;
  private final float[] weightsByKey;
  private final float[] slopesByKey;
  private final float[] logSums;
  private final float[] blockDeltas;

  private final float[] dotLanes = new float[Lanes.LENGTH];

  /// rowsum(dO ∘ O) of every query of a group's heads, head by head.
  private float[] deltas = new float[0];

  private float[] keyLines = new float[0];
  private float[] keySteps = new float[0];
  private float[] valueLines = new float[0];
  private float[] queryLines = new float[0];
  private float[] querySteps = new float[0];
  private float[] dOutLines = new float[0];
  private float[] dOutSteps = new float[0];
  private float[] dKeys = new float[0];
  private float[] dValues = new float[0];
  private float[] dQueries = new float[0];
  private float[] row = new float[0];
  private float[] rows = new float[0];
  private float[] sums = new float[0];
  private int headDim;
  private int wide;

  /// @param queryBlock the most queries of a block, a multiple of [RegisterTile#COLUMNS] and at
  ///   most [RegisterTile#DEPTH]
  /// @param keyBlock the most keys of a block, a multiple of [RegisterTile#ROWS]
  AttentionBackward(int queryBlock, int keyBlock) {
    this.queryBlock = queryBlock;
    this.keyBlock = keyBlock;
    mask = new PanelMask(keyBlock);
    weights = new float[(keyBlock + Transposition.SIDE) * COLUMNS];
    slopes = new float[(keyBlock + Transposition.SIDE) * COLUMNS];
    steepness = new float[keyBlock * COLUMNS];
    weightsByKey = new float[keyBlock * LINE_STRIDE];
    slopesByKey = new float[keyBlock * LINE_STRIDE];
    logSums = new float[queryBlock];
    blockDeltas = new float[queryBlock];
  }

  /// Adds the gradients of one key/value head and of the heads that read it.
  void differentiate(AttentionShape shape, int batch, int kvHead, Memory memory) {
    reserve(shape.headDim());
    int group = shape.group();
    if (deltas.length < group * shape.queries()) {
      deltas = new float[group * shape.queries()];
    }
    for (int i = 0; i < group; i++) {
      sumProducts(shape, batch, kvHead * group + i, i * shape.queries(), memory);
    }
    if (shape.pattern().contiguous()) {
      keysOutermost(shape, batch, kvHead, memory);
    } else {
      queriesOutermost(shape, batch, kvHead, memory);
    }
  }

  /// Takes block after block of keys to all queries that see any of them.
  private void keysOutermost(AttentionShape shape, int batch, int kvHead, Memory memory) {
    int group = shape.group();
    long stride = (long) shape.kvHeads() * headDim;
    int offset = shape.keys() - shape.queries();
    int real = shape.realKeys(batch);
    for (int key = shape.hiddenKeys(0); key < real; key += keyBlock) {
      int some = Math.min(keyBlock, real - key);
      long from = ((long) batch * shape.keyCapacity() + key) * stride + (long) kvHead * headDim;
      packKeys(memory.k, memory.v, from, stride, some);
      mask.run(key, some);
      int first = shape.pattern().causal() ? Math.max(0, key - offset) / COLUMNS * COLUMNS : 0;
      // The last query whose window reaches back to the block's last key.
      int end =
          shape.pattern() instanceof AttentionPattern.Window window
              ? (int) Math.min(shape.queries(), (long) key + some - 1 + window.size() - offset)
              : shape.queries();
      for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
        for (int query = first; query < end; query += queryBlock) {
          int count = Math.min(queryBlock, end - query);
          packQueries(shape, batch, head, query, count, memory);
          queryBlock(shape, batch, head, query, count, key, some, memory);
        }
      }
      addRows(dKeys, some, memory.dk, from, stride);
      addRows(dValues, some, memory.dv, from, stride);
    }
  }

  /// Takes block after block of queries to the keys that a sparse pattern picks for them.
  private void queriesOutermost(AttentionShape shape, int batch, int kvHead, Memory memory) {
    int group = shape.group();
    // Strided queries see other far keys each, so that only a few share what is gathered.
    int block = shape.pattern() instanceof AttentionPattern.Strided ? COLUMNS : queryBlock;
    for (int query = 0; query < shape.queries(); query += block) {
      int count = Math.min(block, shape.queries() - query);
      gathered.pickAll(shape, batch, query, count);
      for (int at = 0; at < gathered.count(); at += keyBlock) {
        int some = Math.min(keyBlock, gathered.count() - at);
        gathered.copy(shape, batch, kvHead, memory.k, memory.v, at, some);
        packKeys(gathered.keyRows(), gathered.valueRows(), 0, headDim, some);
        mask.picked(gathered, at, some);
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
          packQueries(shape, batch, head, query, count, memory);
          queryBlock(shape, batch, head, query, count, 0, some, memory);
        }
        for (int key = 0; key < some; key++) {
          unpackRow(dKeys, key);
          gathered.addRow(shape, batch, kvHead, at + key, row, sums, memory.dk);
          unpackRow(dValues, key);
          gathered.addRow(shape, batch, kvHead, at + key, row, sums, memory.dv);
        }
      }
    }
  }

  private void packKeys(MemorySegment k, MemorySegment v, long from, long stride, int some) {
    int rounded = (some + ROWS - 1) / ROWS * ROWS;
    Panels.packLines(k, from, stride, some, headDim, keyLines, 0, ROWS, ROWS * headDim, lines);
    Panels.packSteps(k, from, stride, headDim, some, keySteps, 0, ROWS, ROWS * keyBlock, lines);
    Panels.packLines(v, from, stride, some, headDim, valueLines, 0, ROWS, ROWS * headDim, lines);
    Arrays.fill(dKeys, 0, rounded * wide, 0);
    Arrays.fill(dValues, 0, rounded * wide, 0);
  }

  private void reserve(int headDim) {
    this.headDim = headDim;
    wide = (headDim + COLUMNS - 1) / COLUMNS * COLUMNS;
    if (keyLines.length < keyBlock * headDim || row.length < wide) {
      keyLines = new float[keyBlock * headDim];
      keySteps = new float[keyBlock * (headDim + ROWS)];
      valueLines = new float[keyBlock * headDim];
      queryLines = new float[queryBlock * headDim];
      querySteps = new float[queryBlock * wide];
      dOutLines = new float[queryBlock * headDim];
      dOutSteps = new float[queryBlock * wide];
      dKeys = new float[keyBlock * wide];
      dValues = new float[keyBlock * wide];
      dQueries = new float[(headDim + Transposition.SIDE) * COLUMNS];
      rows = new float[COLUMNS * headDim];
      sums = new float[headDim];
      row = new float[wide];
    }
  }

  private void packQueries(
      AttentionShape shape, int batch, int head, int query, int count, Memory memory) {
    long stride = (long) shape.heads() * headDim;
    long from = ((long) batch * shape.queries() + query) * stride + (long) head * headDim;
    int panels = (count + COLUMNS - 1) / COLUMNS;
    int panelStride = COLUMNS * headDim;
    Panels.packLines(
        memory.q, from, stride, count, headDim, queryLines, 0, COLUMNS, panelStride, lines);
    Panels.packLines(
        memory.dOut, from, stride, count, headDim, dOutLines, 0, COLUMNS, panelStride, lines);
    int stepStride = COLUMNS * queryBlock;
    Panels.packSteps(
        memory.q, from, stride, headDim, count, querySteps, 0, COLUMNS, stepStride, lines);
    Panels.packSteps(
        memory.dOut, from, stride, headDim, count, dOutSteps, 0, COLUMNS, stepStride, lines);
    long sums = ((long) batch * shape.heads() + head) * shape.queries() + query;
    Arrays.fill(logSums, 0, panels * COLUMNS, Float.POSITIVE_INFINITY);
    Arrays.fill(blockDeltas, 0, panels * COLUMNS, 0);
    MemorySegment.copy(
        memory.logSumExp, ValueLayout.JAVA_FLOAT, sums * Float.BYTES, logSums, 0, count);
    System.arraycopy(deltas, head % shape.group() * shape.queries() + query, blockDeltas, 0, count);
  }

  private void sumProducts(AttentionShape shape, int batch, int head, int at, Memory memory) {
    long stride = (long) shape.heads() * headDim;
    long from = (long) batch * shape.queries() * stride + (long) head * headDim;
    for (int i = 0; i < shape.queries(); i++) {
      deltas[at + i] = dot(memory.dOut, memory.out, from + i * stride);
    }
  }

  private float dot(MemorySegment a, MemorySegment b, long from) {
    FloatVector sum = Lanes.zero();
    int d = 0;
    for (; d + Lanes.LENGTH <= headDim; d += Lanes.LENGTH) {
      sum = Lanes.load(a, from + d).fma(Lanes.load(b, from + d), sum);
    }
    float total = Lanes.sum(sum, dotLanes);
    for (; d < headDim; d++) {
      total +=
          a.getAtIndex(ValueLayout.JAVA_FLOAT, from + d)
              * b.getAtIndex(ValueLayout.JAVA_FLOAT, from + d);
    }
    return total;
  }

  /// Handles one block of queries against the packed keys.
  ///
  /// @param firstKey if they follow each other, the first of them
  private void queryBlock(
      AttentionShape shape,
      int batch,
      int head,
      int query,
      int count,
      int firstKey,
      int some,
      Memory memory) {
    int all = (some + ROWS - 1) / ROWS * ROWS;
    int most = 0;
    for (int panel = 0; panel * COLUMNS < count; panel++) {
      int first = query + panel * COLUMNS;
      int queries = Math.min(COLUMNS, count - panel * COLUMNS);
      int seen = seen(shape, shape.position(first), queries, firstKey, some);
      int rounded = (seen + ROWS - 1) / ROWS * ROWS;
      most = Math.max(most, rounded);
      scores(shape, head, shape.position(first), panel, seen);
      weigh(shape, shape.position(first), panel, firstKey, seen, some);
      Arrays.fill(slopes, seen * COLUMNS, rounded * COLUMNS, 0);
      for (int key = seen; key < all; key++) {
        int at = key * LINE_STRIDE + panel * COLUMNS;
        Arrays.fill(weightsByKey, at, at + COLUMNS, 0);
        Arrays.fill(slopesByKey, at, at + COLUMNS, 0);
      }
      addToQueries(shape, batch, head, first, queries, Math.min(rounded, some), memory.dq);
    }
    for (int key = 0; key < most; key += ROWS) {
      for (int column = 0; column < wide; column += COLUMNS) {
        int into = key * wide + column * ROWS;
        int rows = key * LINE_STRIDE;
        int columns = column * queryBlock;
        RegisterTile.multiplyLines(
            weightsByKey, rows, dOutSteps, columns, count, dValues, into, true);
        RegisterTile.multiplyLines(
            slopesByKey, rows, querySteps, columns, count, dKeys, into, true);
      }
    }
  }

  /// Returns how many of the packed keys some query of the panel at `position` may see.
  private int seen(AttentionShape shape, int position, int queries, int firstKey, int some) {
    if (shape.pattern().contiguous()) {
      return PanelStep.seen(shape, position, firstKey, some);
    }
    return mask.look(shape.pattern(), position, queries) ? some : 0;
  }

  /// Computes a panel's scores with the first `seen` keys, and the gradients of its weights.
  private void scores(AttentionShape shape, int head, int position, int panel, int seen) {
    int queries = panel * headDim * COLUMNS;
    for (int key = 0; key < seen; key += ROWS) {
      RegisterTile.multiplySteps(
          keyLines, key * headDim, queryLines, queries, headDim, weights, key * COLUMNS, false);
      RegisterTile.multiplySteps(
          valueLines, key * headDim, dOutLines, queries, headDim, slopes, key * COLUMNS, false);
    }
    if (shape.capped()) {
      SoftCap.boundWithSlopes(weights, seen * COLUMNS, shape.scale(), shape.softCap(), steepness);
    }
    if (shape.alibi()) {
      mask.addBias(shape, head, position, seen, shape.capped() ? 1 : shape.scale(), weights);
    }
  }

  /// Turns a panel's scores into weights, and the gradients of its weights into those of its
  /// scores.
  private void weigh(
      AttentionShape shape, int position, int panel, int firstKey, int seen, int some) {
    boolean run = shape.pattern().contiguous();
    if (!run) {
      mask.hide(weights);
    }
    float scale = shape.capped() ? 1 : shape.scale();
    int seesFirst = run && shape.pattern().causal() ? position - firstKey : some;
    int hidden = PanelStep.hidden(shape, position, firstKey, some);
    for (int half = 0; half < COLUMNS; half += LANES) {
      softmaxBackward(panel * COLUMNS + half, half, seen, seesFirst, hidden, scale);
      if (shape.capped()) {
        multiplySlopes(panel * COLUMNS + half, half, seen);
      }
    }
  }

  /// Turns one vector's scores into weights, and the gradients of its weights into those of its
  /// scores: step by step of the keys for dS·K, line by line for Pᵀ·dO and dSᵀ·Q.
  private void softmaxBackward(
      int lane, int half, int seen, int seesFirst, int hidden, float scale) {
    FloatVector logSum = FloatVector.fromArray(SPECIES, logSums, lane);
    FloatVector delta = FloatVector.fromArray(SPECIES, blockDeltas, lane);
    FloatVector lanes = FloatVector.zero(SPECIES).addIndex(1).add(half);
    for (int key = 0; key < seen; key++) {
      int at = key * COLUMNS + half;
      FloatVector score = FloatVector.fromArray(SPECIES, weights, at);
      FloatVector weight = ExponentialLanes.exp(score.mul(scale).sub(logSum));
      if (key > seesFirst) {
        weight = weight.blend(0, lanes.compare(VectorOperators.LT, key - seesFirst));
      }
      if (key < hidden + COLUMNS - 1) {
        weight = weight.blend(0, lanes.compare(VectorOperators.GT, key - hidden));
      }
      weight.intoArray(weightsByKey, key * LINE_STRIDE + lane);
      FloatVector slope = FloatVector.fromArray(SPECIES, slopes, at);
      slope = weight.mul(slope.sub(delta)).mul(scale);
      slope.intoArray(slopes, at);
      slope.intoArray(slopesByKey, key * LINE_STRIDE + lane);
    }
  }

  /// Takes gradients of bounded scores to those of the scores before.
  private void multiplySlopes(int lane, int half, int seen) {
    for (int key = 0; key < seen; key++) {
      int at = key * COLUMNS + half;
      FloatVector slope =
          FloatVector.fromArray(SPECIES, slopes, at)
              .mul(FloatVector.fromArray(SPECIES, steepness, at));
      slope.intoArray(slopes, at);
      slope.intoArray(slopesByKey, key * LINE_STRIDE + lane);
    }
  }

  /// Adds dS·K to the gradients of one panel of queries.
  private void addToQueries(
      AttentionShape shape,
      int batch,
      int head,
      int query,
      int count,
      int depth,
      MemorySegment dq) {
    for (int d = 0; d < headDim; d += ROWS) {
      RegisterTile.multiplySteps(keySteps, d * keyBlock, slopes, 0, depth, tile, 0, false);
      System.arraycopy(tile, 0, dQueries, d * COLUMNS, Math.min(ROWS, headDim - d) * COLUMNS);
    }
    long stride = (long) shape.heads() * headDim;
    long from = ((long) batch * shape.queries() + query) * stride + (long) head * headDim;
    Transposition.copy(dQueries, 0, COLUMNS, headDim, COLUMNS, rows, 0, headDim);
    for (int lane = 0; lane < count; lane++) {
      addRow(rows, lane * headDim, dq, from + lane * stride);
    }
  }

  /// Adds tiles (keys, D) to stored rows.
  private void addRows(float[] tiles, int count, MemorySegment to, long from, long stride) {
    for (int key = 0; key < count; key++) {
      unpackRow(tiles, key);
      addRow(row, 0, to, from + key * stride);
    }
  }

  private void unpackRow(float[] tiles, int key) {
    int start = key / ROWS * ROWS * wide + key % ROWS * COLUMNS;
    for (int column = 0; column < wide; column += COLUMNS) {
      System.arraycopy(tiles, start + column * ROWS, row, column, COLUMNS);
    }
  }

  private void addRow(float[] values, int at, MemorySegment to, long from) {
    MemorySegment.copy(to, ValueLayout.JAVA_FLOAT, from * Float.BYTES, sums, 0, headDim);
    for (int d = 0; d < headDim; d++) {
      sums[d] += values[at + d];
    }
    MemorySegment.copy(sums, 0, to, ValueLayout.JAVA_FLOAT, from * Float.BYTES, headDim);
  }
}
