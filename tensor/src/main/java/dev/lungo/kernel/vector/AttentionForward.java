package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The forward pass of attention for one block of queries and one key/value head; belongs to one
/// thread.
///
/// A panel is [RegisterTile#COLUMNS] queries of one head, one a lane. For each block of keys the
/// panel's scores are a matrix (keys, lanes); their running maximum and sum, and the output so far,
/// are rescaled when the maximum grows.
final class AttentionForward {
  /// Keys that are packed at once.
  private static final int KEYS = 96 / ROWS * ROWS;

  private final float[] lines = new float[Panels.LINES_LENGTH];
  private final float[] scores = new float[KEYS * COLUMNS];
  private final float[] tile = new float[ROWS * COLUMNS];
  private final float[] factors = new float[COLUMNS];
  private final PanelMask mask = new PanelMask(KEYS);
  private final GatheredKeys gathered = new GatheredKeys();
  private float[] queries = new float[0];
  private float[] keys = new float[0];
  private float[] values = new float[0];
  private float[] outputs = new float[0];
  private float[] maxima = new float[0];
  private float[] sums = new float[0];
  private float[] rows = new float[0];

  /// Where a panel's queries are.
  ///
  /// @param first query of the panel, `count` of them are real
  private record Panel(int head, int first, int count) {}

  /// Attends from queries `first` to `first + count` of all heads that read key/value head
  /// `kvHead`.
  void attend(
      AttentionShape shape,
      int batch,
      int kvHead,
      int first,
      int count,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    int headDim = shape.headDim();
    int group = shape.group();
    int perHead = (count - 1) / COLUMNS + 1;
    int panels = group * perHead;
    int outputLength = (headDim + ROWS - 1) / ROWS * ROWS * COLUMNS;
    reserve(headDim, panels, outputLength);
    for (int i = 0; i < panels; i++) {
      Panel panel = panel(i, perHead, kvHead * group, first, count);
      packQueries(shape, batch, panel, q, queries, i * headDim * COLUMNS);
    }
    scale(queries, panels * headDim * COLUMNS, shape.scale());
    int from = shape.hiddenKeys(first);
    int to = shape.visibleKeys(batch, first + count - 1);
    long stride = (long) shape.kvHeads() * headDim;
    for (int key = from; key < to; key += KEYS) {
      int some = Math.min(KEYS, to - key);
      long at = ((long) batch * shape.keyCapacity() + key) * stride + (long) kvHead * headDim;
      pack(k, v, at, stride, some, headDim);
      mask.run(key, some);
      for (int i = 0; i < panels; i++) {
        Panel panel = panel(i, perHead, kvHead * group, first, count);
        advanceRun(shape, panel, i, outputLength, key, some);
      }
    }
    if (!shape.pattern().contiguous()) {
      gathered.pickFar(shape, first, count, from, Math.max(from, to));
      for (int at = 0; at < gathered.count(); at += KEYS) {
        int some = Math.min(KEYS, gathered.count() - at);
        gathered.copy(shape, batch, kvHead, k, v, at, some);
        pack(gathered.keyRows(), gathered.valueRows(), 0, headDim, some, headDim);
        mask.picked(gathered, at, some);
        for (int i = 0; i < panels; i++) {
          Panel panel = panel(i, perHead, kvHead * group, first, count);
          advanceMasked(shape, panel, i, outputLength, some);
        }
      }
    }
    for (int i = 0; i < panels; i++) {
      Panel panel = panel(i, perHead, kvHead * group, first, count);
      store(shape, batch, panel, i, outputLength, out, logSumExp);
    }
  }

  private void pack(
      MemorySegment k, MemorySegment v, long from, long stride, int some, int headDim) {
    Panels.packLines(k, from, stride, some, headDim, keys, 0, ROWS, ROWS * headDim, lines);
    Panels.packSteps(v, from, stride, headDim, some, values, 0, ROWS, ROWS * KEYS, lines);
  }

  private static Panel panel(int index, int perHead, int firstHead, int first, int count) {
    int start = index % perHead * COLUMNS;
    return new Panel(firstHead + index / perHead, first + start, Math.min(COLUMNS, count - start));
  }

  /// Returns how many of `some` keys from `key` on any query of the panel at `position` sees.
  static int seen(AttentionShape shape, int position, int key, int some) {
    return shape.pattern().causal() ? Math.clamp((long) position + COLUMNS - key, 0, some) : some;
  }

  /// Returns how many of `some` keys from `key` on come before the window of the query at
  /// `position`; negative if the window starts before them.
  static int hidden(AttentionShape shape, int position, int key, int some) {
    return shape.pattern() instanceof AttentionPattern.Window window
        ? Math.clamp((long) window.nearFrom(position) - key, -COLUMNS, some)
        : -COLUMNS;
  }

  private void packQueries(
      AttentionShape shape, int batch, Panel panel, MemorySegment q, float[] into, int at) {
    long stride = (long) shape.heads() * shape.headDim();
    long from =
        ((long) batch * shape.queries() + panel.first) * stride
            + (long) panel.head * shape.headDim();
    Panels.packLines(
        q,
        from,
        stride,
        panel.count,
        shape.headDim(),
        into,
        at,
        COLUMNS,
        COLUMNS * shape.headDim(),
        lines);
  }

  private void reserve(int headDim, int panels, int outputLength) {
    if (queries.length < panels * headDim * COLUMNS) {
      queries = new float[panels * headDim * COLUMNS];
    }
    if (keys.length < KEYS * headDim) {
      keys = new float[KEYS * headDim];
    }
    if (values.length < KEYS * (headDim + ROWS)) {
      values = new float[KEYS * (headDim + ROWS)];
    }
    if (rows.length < COLUMNS * headDim) {
      rows = new float[COLUMNS * headDim];
    }
    int outputRoom = panels * outputLength + Transposition.SIDE * COLUMNS;
    if (outputs.length < outputRoom) {
      outputs = new float[outputRoom];
    }
    if (maxima.length < panels * COLUMNS) {
      maxima = new float[panels * COLUMNS];
      sums = new float[panels * COLUMNS];
    }
    Arrays.fill(outputs, 0, panels * outputLength, 0);
    // Not -∞: a lane may see nothing of its panel's first block, and -∞ less -∞ is no number.
    Arrays.fill(maxima, 0, panels * COLUMNS, -Float.MAX_VALUE);
    Arrays.fill(sums, 0, panels * COLUMNS, 0);
  }

  static void scale(float[] values, int count, float factor) {
    for (int i = 0; i < count; i += LANES) {
      FloatVector.fromArray(SPECIES, values, i).mul(factor).intoArray(values, i);
    }
  }

  /// Takes a panel on by a block of keys that follow each other.
  private void advanceRun(
      AttentionShape shape, Panel panel, int index, int outputLength, int key, int some) {
    if (!shape.pattern().contiguous()) {
      advanceMasked(shape, panel, index, outputLength, some);
      return;
    }
    int position = shape.position(panel.first);
    int seen = seen(shape, position, key, some);
    int hidden = hidden(shape, position, key, some);
    if (seen <= 0 || hidden >= some) {
      return;
    }
    score(shape, panel, index, seen);
    if (shape.pattern().causal()) {
      hideFuture(seen, position - key);
    }
    hidePast(seen, hidden);
    mix(shape, index, outputLength, seen, some);
  }

  /// Takes a panel on by the keys of the mask.
  private void advanceMasked(
      AttentionShape shape, Panel panel, int index, int outputLength, int some) {
    if (mask.look(shape.pattern(), shape.position(panel.first), panel.count)) {
      score(shape, panel, index, some);
      mask.hide(scores);
      mix(shape, index, outputLength, some, some);
    }
  }

  /// Computes a panel's scores with the first `seen` keys of the block.
  private void score(AttentionShape shape, Panel panel, int index, int seen) {
    int headDim = shape.headDim();
    int at = index * headDim * COLUMNS;
    for (int row = 0; row < seen; row += ROWS) {
      RegisterTile.multiplySteps(
          keys, row * headDim, queries, at, headDim, scores, row * COLUMNS, false);
    }
    if (shape.capped()) {
      SoftCap.bound(scores, seen * COLUMNS, shape.softCap());
    }
    if (shape.alibi()) {
      mask.addBias(shape, panel.head, shape.position(panel.first), seen, 1, scores);
    }
  }

  /// Adds the values, weighted by the scores of the first `seen` keys, to a panel's outputs.
  ///
  /// @param packed keys of the block
  private void mix(AttentionShape shape, int index, int outputLength, int seen, int packed) {
    for (int half = 0; half < COLUMNS; half += LANES) {
      softmax(index * COLUMNS + half, half, seen);
    }
    int depth = Math.min((seen + ROWS - 1) / ROWS * ROWS, packed);
    if (depth > seen) {
      Arrays.fill(scores, seen * COLUMNS, depth * COLUMNS, 0);
    }
    int output = index * outputLength;
    for (int row = 0; row < outputLength; row += ROWS * COLUMNS) {
      RegisterTile.multiplySteps(values, row / COLUMNS * KEYS, scores, 0, depth, tile, 0, false);
      addTile(output + row);
    }
  }

  /// Sets the scores of keys that lie after their query to -∞.
  private void hideFuture(int seen, int unmasked) {
    for (int key = Math.max(0, unmasked + 1); key < seen; key++) {
      int hidden = Math.min(COLUMNS, key - unmasked);
      Arrays.fill(scores, key * COLUMNS, key * COLUMNS + hidden, Float.NEGATIVE_INFINITY);
    }
  }

  /// Sets the scores of keys that lie before their query's window to -∞.
  private void hidePast(int seen, int hidden) {
    for (int key = 0; key < Math.min(seen, hidden + COLUMNS - 1); key++) {
      int visible = Math.max(0, key - hidden + 1);
      Arrays.fill(scores, key * COLUMNS + visible, (key + 1) * COLUMNS, Float.NEGATIVE_INFINITY);
    }
  }

  /// Turns one vector's scores into weights, and notes in `factors` by what the output so far must
  /// shrink.
  private void softmax(int state, int half, int seen) {
    FloatVector before = FloatVector.fromArray(SPECIES, maxima, state);
    FloatVector maximum = before;
    for (int key = 0; key < seen; key++) {
      // Cheaper than `max`, which orders zeros and looks for what is no number.
      FloatVector score = FloatVector.fromArray(SPECIES, scores, key * COLUMNS + half);
      maximum = maximum.blend(score, score.compare(VectorOperators.GT, maximum));
    }
    FloatVector factor = VectorExponential.exp(before.sub(maximum));
    FloatVector sum = FloatVector.fromArray(SPECIES, sums, state).mul(factor);
    for (int key = 0; key < seen; key++) {
      int at = key * COLUMNS + half;
      FloatVector weight =
          VectorExponential.exp(FloatVector.fromArray(SPECIES, scores, at).sub(maximum));
      weight.intoArray(scores, at);
      sum = sum.add(weight);
    }
    maximum.intoArray(maxima, state);
    sum.intoArray(sums, state);
    factor.intoArray(factors, half);
  }

  private void addTile(int output) {
    FloatVector left = FloatVector.fromArray(SPECIES, factors, 0);
    FloatVector right = FloatVector.fromArray(SPECIES, factors, LANES);
    for (int at = 0; at < ROWS * COLUMNS; at += COLUMNS) {
      FloatVector.fromArray(SPECIES, outputs, output + at)
          .fma(left, FloatVector.fromArray(SPECIES, tile, at))
          .intoArray(outputs, output + at);
      FloatVector.fromArray(SPECIES, outputs, output + at + LANES)
          .fma(right, FloatVector.fromArray(SPECIES, tile, at + LANES))
          .intoArray(outputs, output + at + LANES);
    }
  }

  private void store(
      AttentionShape shape,
      int batch,
      Panel panel,
      int index,
      int outputLength,
      MemorySegment out,
      MemorySegment logSumExp) {
    int headDim = shape.headDim();
    Transposition.copy(outputs, index * outputLength, COLUMNS, headDim, COLUMNS, rows, 0, headDim);
    for (int lane = 0; lane < panel.count; lane++) {
      int query = panel.first + lane;
      float sum = sums[index * COLUMNS + lane];
      float inverse = 1 / sum;
      long row = (((long) batch * shape.queries() + query) * shape.heads() + panel.head) * headDim;
      for (int d = lane * headDim; d < (lane + 1) * headDim; d++) {
        rows[d] *= inverse;
      }
      MemorySegment.copy(
          rows, lane * headDim, out, ValueLayout.JAVA_FLOAT, row * Float.BYTES, headDim);
      long at = ((long) batch * shape.heads() + panel.head) * shape.queries() + query;
      float logarithm = (float) (maxima[index * COLUMNS + lane] + StrictMath.log(sum));
      logSumExp.setAtIndex(ValueLayout.JAVA_FLOAT, at, logarithm);
    }
  }
}
