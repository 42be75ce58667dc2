package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.vector.PanelStep.State;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Attention of a few queries whose many heads share keys and values, as multi-query attention
/// decodes: the heads lie across the lanes, so that each key and value is read once for all.
/// Belongs to one thread.
///
/// A long cache is cut into stretches at fixed positions, for the threads to share; what they come
/// to is merged by the log-sum-exp of each. Neither cuts nor blocks depend on how many queries come
/// together, and so do no query's bits.
final class GroupRows {
  /// From so many heads on it pays to pack keys and values.
  private static final int FEWEST_HEADS = 8;

  private static final int BLOCKS_A_STRETCH = 32;

  private final PanelStep step;
  private final State state = new State();
  private float[] rows = new float[0];

  GroupRows(int keyBlock) {
    step = new PanelStep(keyBlock);
  }

  static boolean serves(AttentionShape shape) {
    return shape.group() >= FEWEST_HEADS && shape.pattern().contiguous();
  }

  /// The stretches that some queries see.
  ///
  /// @param first stretch, of `count`
  /// @param length of each, in keys
  record Stretches(int first, int count, int length) {
    static Stretches of(AttentionShape shape, int keyBlock) {
      int length = BLOCKS_A_STRETCH * keyBlock;
      int first = shape.hiddenKeys(0) / length;
      return new Stretches(first, (shape.keys() - 1) / length + 1 - first, length);
    }
  }

  /// Returns the floats that one stretch of one key/value head comes to: for each query and head
  /// its output and its log-sum-exp.
  static int resultLength(AttentionShape shape) {
    return shape.queries() * shape.group() * (shape.headDim() + 1);
  }

  /// Attends to the keys of one stretch, and leaves what that comes to in `results` from `at` on.
  void attend(
      AttentionShape shape,
      int batch,
      int kvHead,
      int stretchFrom,
      int stretchTo,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      float[] results,
      int at) {
    int group = shape.group();
    int perQuery = (group - 1) / COLUMNS + 1;
    state.reserve(shape.headDim(), shape.queries() * perQuery);
    for (int i = 0; i < shape.queries() * perQuery; i++) {
      int head = i % perQuery * COLUMNS;
      int count = Math.min(COLUMNS, group - head);
      step.packHeads(shape, batch, i / perQuery, kvHead * group + head, count, q, state, i);
    }
    int last = shape.queries() - 1;
    int to = Math.min(stretchTo, shape.visibleKeys(batch, last));
    // Blocks begin at fixed positions, too.
    int from = Math.max(stretchFrom, shape.hiddenKeys(0) / step.keyBlock() * step.keyBlock());
    for (int key = from; key < to; key += step.keyBlock()) {
      int some = Math.min(step.keyBlock(), to - key);
      step.packRun(shape, batch, kvHead, k, v, key, some);
      for (int i = 0; i < shape.queries() * perQuery; i++) {
        int query = i / perQuery;
        int seen = Math.min(some, shape.visibleKeys(batch, query) - key);
        int hidden = Math.max(0, shape.hiddenKeys(query) - key);
        if (seen > hidden) {
          int head = i % perQuery * COLUMNS;
          int count = Math.min(COLUMNS, group - head);
          step.advanceHeads(
              shape, query, kvHead * group + head, count, state, i, hidden, seen, some);
        }
      }
    }
    for (int i = 0; i < shape.queries() * perQuery; i++) {
      int head = i % perQuery * COLUMNS;
      int row = i / perQuery * group + head;
      finish(shape, i, Math.min(COLUMNS, group - head), results, at + row * (shape.headDim() + 1));
    }
  }

  private void finish(AttentionShape shape, int index, int count, float[] results, int at) {
    int headDim = shape.headDim();
    if (rows.length < COLUMNS * headDim) {
      rows = new float[COLUMNS * headDim];
    }
    int from = index * state.outputLength;
    Transposition.copy(state.outputs, from, COLUMNS, headDim, COLUMNS, rows, 0, headDim);
    for (int lane = 0; lane < count; lane++) {
      int into = at + lane * (headDim + 1);
      float sum = state.sums[index * COLUMNS + lane];
      for (int d = 0; d < headDim; d++) {
        results[into + d] = sum > 0 ? rows[lane * headDim + d] / sum : 0;
      }
      results[into + headDim] =
          sum > 0
              ? (float) (state.maxima[index * COLUMNS + lane] + StrictMath.log(sum))
              : Float.NEGATIVE_INFINITY;
    }
  }

  /// Merges what the stretches of one key/value head came to.
  ///
  /// @param at where the results of the first of `stretches` are in `results`
  void merge(
      AttentionShape shape,
      int batch,
      int kvHead,
      int stretches,
      float[] results,
      int at,
      MemorySegment out,
      MemorySegment logSumExp) {
    int headDim = shape.headDim();
    int length = resultLength(shape);
    if (rows.length < COLUMNS * headDim) {
      rows = new float[COLUMNS * headDim];
    }
    for (int i = 0; i < shape.queries() * shape.group(); i++) {
      int query = i / shape.group();
      int head = kvHead * shape.group() + i % shape.group();
      int from = at + i * (headDim + 1);
      double largest = Double.NEGATIVE_INFINITY;
      for (int s = 0; s < stretches; s++) {
        largest = Math.max(largest, results[from + s * length + headDim]);
      }
      double sum = 0;
      for (int s = 0; s < stretches; s++) {
        sum += StrictMath.exp(results[from + s * length + headDim] - largest);
      }
      Arrays.fill(rows, 0, headDim, 0);
      for (int s = 0; s < stretches; s++) {
        int result = from + s * length;
        float weight = (float) (StrictMath.exp(results[result + headDim] - largest) / sum);
        for (int d = 0; d < headDim; d++) {
          rows[d] += weight * results[result + d];
        }
      }
      long row = (((long) batch * shape.queries() + query) * shape.heads() + head) * headDim;
      MemorySegment.copy(rows, 0, out, ValueLayout.JAVA_FLOAT, row * Float.BYTES, headDim);
      long index = ((long) batch * shape.heads() + head) * shape.queries() + query;
      logSumExp.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) (largest + StrictMath.log(sum)));
    }
  }
}
