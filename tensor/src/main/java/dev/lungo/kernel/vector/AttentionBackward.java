package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.LINE_STRIDE;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

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

  /// Floats of packed queries that are kept: 1 MB, about what the second-level cache holds.
  private static final int MOST_KEPT = 1 << 18;

  private final int queryBlock;
  private final int keyBlock;
  private final PanelMask mask;
  private final GatheredKeys gathered = new GatheredKeys();
  private final float[] lines = new float[Panels.LINES_LENGTH];
  private final SoftmaxGradient softmax;
  private final float[] tile = new float[ROWS * COLUMNS];

  private final float[] dotLanes = new float[Lanes.LENGTH];

  /// rowsum(dO ∘ O) of every query of a group's heads, head by head.
  private float[] deltas = new float[0];

  private float[] keyLines = new float[0];
  private float[] keySteps = new float[0];
  private float[] valueLines = new float[0];
  // Blocks of queries, packed, of all of a group's heads: every block of keys finds them.
  private boolean[] packed = new boolean[0];
  private float[] logSums = new float[0];
  private float[] blockDeltas = new float[0];
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

  /// The packed block of queries that is being worked on.
  private int place;

  /// @param queryBlock the most queries of a block, a multiple of [RegisterTile#COLUMNS] and at
  ///   most [RegisterTile#DEPTH]
  /// @param keyBlock the most keys of a block, a multiple of [RegisterTile#ROWS]
  AttentionBackward(int queryBlock, int keyBlock) {
    this.queryBlock = queryBlock;
    this.keyBlock = keyBlock;
    softmax = new SoftmaxGradient(keyBlock);
    mask = new PanelMask(keyBlock);
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

  /// Takes as many queries at a time as stay in the cache when they are packed, with all heads of
  /// the group.
  private void keysOutermost(AttentionShape shape, int batch, int kvHead, Memory memory) {
    int blocks = MOST_KEPT / (shape.group() * queryBlock * 2 * (headDim + wide));
    int chunk = Math.max(1, blocks) * queryBlock;
    for (int from = 0; from < shape.queries(); from += chunk) {
      int to = Math.min(shape.queries(), from + chunk);
      keysOutermost(shape, batch, kvHead, from, to, memory);
    }
  }

  /// Takes block after block of keys to those of the queries `from` to `to` that see any of them.
  private void keysOutermost(
      AttentionShape shape, int batch, int kvHead, int from, int to, Memory memory) {
    int group = shape.group();
    long stride = (long) shape.kvHeads() * headDim;
    int offset = shape.keys() - shape.queries();
    boolean causal = shape.pattern().causal();
    int last = shape.realKeys(batch);
    if (causal) {
      last = Math.min(last, shape.position(to - 1) + 1);
    }
    int blocks = (to - from - 1) / queryBlock + 1;
    reservePlaces(group * blocks);
    for (int key = shape.hiddenKeys(from); key < last; key += keyBlock) {
      int some = Math.min(keyBlock, last - key);
      long firstKey = ((long) batch * shape.keyCapacity() + key) * stride + (long) kvHead * headDim;
      packKeys(memory.k, memory.v, firstKey, stride, some);
      mask.run(key, some);
      int first = causal ? Math.max(from, key - offset) : from;
      // The last query whose window reaches back to the block's last key.
      int end =
          shape.pattern() instanceof AttentionPattern.Window window
              ? (int) Math.min(to, (long) key + some - 1 + window.size() - offset)
              : to;
      for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
        for (int query = first / queryBlock * queryBlock; query < end; query += queryBlock) {
          place = head % group * blocks + (query - from) / queryBlock;
          if (!packed[place]) {
            packQueries(shape, batch, head, query, Math.min(queryBlock, to - query), memory);
            packed[place] = true;
          }
          int count = Math.min(queryBlock, end - query);
          queryBlock(shape, batch, head, query, count, key, some, memory);
        }
      }
      addRows(dKeys, some, memory.dk, firstKey, stride);
      addRows(dValues, some, memory.dv, firstKey, stride);
    }
  }

  /// Takes block after block of queries to the keys that a sparse pattern picks for them.
  private void queriesOutermost(AttentionShape shape, int batch, int kvHead, Memory memory) {
    int group = shape.group();
    reservePlaces(1);
    place = 0;
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
    Panels.packLines(v, from, stride, some, headDim, valueLines, 0, ROWS, ROWS * headDim, lines);
    Panels.packSteps(k, from, stride, headDim, some, keySteps, 0, ROWS, ROWS * keyBlock, lines);
    Arrays.fill(dKeys, 0, rounded * wide, 0);
    Arrays.fill(dValues, 0, rounded * wide, 0);
  }

  private void reserve(int headDim) {
    this.headDim = headDim;
    wide = (headDim + COLUMNS - 1) / COLUMNS * COLUMNS;
    if (sums.length < headDim) {
      keyLines = new float[keyBlock * headDim];
      keySteps = new float[keyBlock * (headDim + ROWS)];
      valueLines = new float[keyBlock * headDim];
      dKeys = new float[keyBlock * wide];
      dValues = new float[keyBlock * wide];
      dQueries = new float[(headDim + Transposition.SIDE) * COLUMNS];
      rows = new float[COLUMNS * headDim];
      sums = new float[headDim];
      row = new float[wide];
    }
  }

  /// Makes room for so many packed blocks of queries.
  private void reservePlaces(int places) {
    if (packed.length < places) {
      packed = new boolean[places];
      logSums = new float[places * queryBlock];
      blockDeltas = new float[places * queryBlock];
    }
    if (dOutSteps.length < places * queryBlock * wide) {
      querySteps = new float[places * queryBlock * wide];
      dOutSteps = new float[places * queryBlock * wide];
    }
    if (dOutLines.length < places * queryBlock * headDim) {
      queryLines = new float[places * queryBlock * headDim];
      dOutLines = new float[places * queryBlock * headDim];
    }
    Arrays.fill(packed, 0, places, false);
  }

  private void packQueries(
      AttentionShape shape, int batch, int head, int query, int count, Memory memory) {
    long stride = (long) shape.heads() * headDim;
    long from = ((long) batch * shape.queries() + query) * stride + (long) head * headDim;
    int panels = (count + COLUMNS - 1) / COLUMNS;
    int panelStride = COLUMNS * headDim;
    int at = place * queryBlock * headDim;
    Panels.packLines(
        memory.q, from, stride, count, headDim, queryLines, at, COLUMNS, panelStride, lines);
    Panels.packLines(
        memory.dOut, from, stride, count, headDim, dOutLines, at, COLUMNS, panelStride, lines);
    int stepStride = COLUMNS * queryBlock;
    int stepAt = place * queryBlock * wide;
    Panels.packSteps(
        memory.q, from, stride, headDim, count, querySteps, stepAt, COLUMNS, stepStride, lines);
    Panels.packSteps(
        memory.dOut, from, stride, headDim, count, dOutSteps, stepAt, COLUMNS, stepStride, lines);
    long sums = ((long) batch * shape.heads() + head) * shape.queries() + query;
    int lane = place * queryBlock;
    Arrays.fill(logSums, lane, lane + panels * COLUMNS, Float.POSITIVE_INFINITY);
    Arrays.fill(blockDeltas, lane, lane + panels * COLUMNS, 0);
    MemorySegment.copy(
        memory.logSumExp, ValueLayout.JAVA_FLOAT, sums * Float.BYTES, logSums, lane, count);
    int delta = head % shape.group() * shape.queries() + query;
    System.arraycopy(deltas, delta, blockDeltas, lane, count);
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
    boolean run = shape.pattern().contiguous() && shape.pattern().causal();
    // Whole panels of queries that come before the keys have nothing to do with them.
    int before = run ? Math.clamp(firstKey - shape.position(query), 0, count - 1) : 0;
    for (int panel = before / COLUMNS; panel * COLUMNS < count; panel++) {
      int first = query + panel * COLUMNS;
      int queries = Math.min(COLUMNS, count - panel * COLUMNS);
      int seen = seen(shape, shape.position(first), queries, firstKey, some);
      int rounded = (seen + ROWS - 1) / ROWS * ROWS;
      most = Math.max(most, rounded);
      scores(shape, head, shape.position(first), panel, seen);
      weigh(shape, shape.position(first), panel, firstKey, seen, some);
      Arrays.fill(softmax.slopes, seen * COLUMNS, rounded * COLUMNS, 0);
      for (int key = seen; key < all; key++) {
        int at = key * LINE_STRIDE + panel * COLUMNS;
        Arrays.fill(softmax.weightsByKey, at, at + COLUMNS, 0);
        Arrays.fill(softmax.slopesByKey, at, at + COLUMNS, 0);
      }
      addToQueries(shape, batch, head, first, queries, Math.min(rounded, some), memory.dq);
    }
    for (int key = 0; key < most; key += ROWS) {
      int unseen = run ? Math.clamp(firstKey + key - shape.position(query), 0, count - 1) : 0;
      int from = unseen / COLUMNS * COLUMNS;
      int rows = key * LINE_STRIDE + from;
      for (int column = 0; column < wide; column += COLUMNS) {
        int into = key * wide + column * ROWS;
        int columns = place * queryBlock * wide + column * queryBlock + from * COLUMNS;
        RegisterTile.multiplyLines(
            softmax.weightsByKey, rows, dOutSteps, columns, count - from, dValues, into, true);
        RegisterTile.multiplyLines(
            softmax.slopesByKey, rows, querySteps, columns, count - from, dKeys, into, true);
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
    int queries = (place * queryBlock + panel * COLUMNS) * headDim;
    for (int key = 0; key < seen; key += ROWS) {
      int from = key * headDim;
      int into = key * COLUMNS;
      RegisterTile.multiplySteps(
          keyLines, from, queryLines, queries, headDim, softmax.weights, into, false);
      RegisterTile.multiplySteps(
          valueLines, from, dOutLines, queries, headDim, softmax.slopes, into, false);
    }
    if (shape.capped()) {
      SoftCap.boundWithSlopes(
          softmax.weights, seen * COLUMNS, shape.scale(), shape.softCap(), softmax.steepness);
    }
    if (shape.alibi()) {
      mask.addBias(
          shape, head, position, seen, shape.capped() ? 1 : shape.scale(), softmax.weights);
    }
  }

  /// Turns a panel's scores into weights, and the gradients of its weights into those of its
  /// scores.
  private void weigh(
      AttentionShape shape, int position, int panel, int firstKey, int seen, int some) {
    boolean run = shape.pattern().contiguous();
    if (!run) {
      mask.hide(softmax.weights);
    }
    float scale = shape.capped() ? 1 : shape.scale();
    int seesFirst = run && shape.pattern().causal() ? position - firstKey : some;
    int hidden = PanelStep.hidden(shape, position, firstKey, some);
    // Keys that all of the panel's queries see; around them some are hidden from some.
    int from = Math.clamp((long) hidden + COLUMNS - 1, 0, seen);
    int to = Math.clamp((long) seesFirst + 1, from, seen);
    int sums = place * queryBlock + panel * COLUMNS;
    softmax.backward(logSums, blockDeltas, sums, panel * COLUMNS, from, to, scale);
    for (int half = 0; half < COLUMNS; half += LANES) {
      int lane = panel * COLUMNS + half;
      softmax.backwardPartly(
          logSums, blockDeltas, sums + half, lane, half, 0, from, seesFirst, hidden, scale);
      softmax.backwardPartly(
          logSums, blockDeltas, sums + half, lane, half, to, seen, seesFirst, hidden, scale);
      if (shape.capped()) {
        softmax.multiplySlopes(lane, half, seen);
      }
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
      RegisterTile.multiplySteps(keySteps, d * keyBlock, softmax.slopes, 0, depth, tile, 0, false);
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
