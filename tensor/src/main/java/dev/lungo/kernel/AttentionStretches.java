package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Attention of a few queries to a long cache, which is cut into stretches at fixed positions for
/// the threads to share; what they come to is merged by the log-sum-exp of each. The cuts do not
/// depend on how many queries come together, and so do no query's bits.
public final class AttentionStretches {
  private static final ThreadLocal<float[]> RESULTS = ThreadLocal.withInitial(() -> new float[0]);

  private AttentionStretches() {}

  /// Attends to one stretch of the key/value heads from one on.
  @FunctionalInterface
  public interface Part {
    /// Leaves in `results` from `at` on, for each of the key/value heads, and for each query and
    /// head that reads it, an output and its log-sum-exp.
    void attend(int batch, int kvHead, int kvHeads, int stretch, float[] results, int at);
  }

  /// Attends to all of them and merges.
  ///
  /// @param keys of a stretch
  /// @param together the most key/value heads of a part
  public static void attend(
      Parallel parallel,
      AttentionShape shape,
      int keys,
      int together,
      Part part,
      MemorySegment out,
      MemorySegment logSumExp) {
    int first = shape.hiddenKeys(0) / keys;
    int count = (shape.keys() - 1) / keys + 1 - first;
    int kvHeads = shape.kvHeads();
    int length = shape.queries() * shape.group() * (shape.headDim() + 1);
    int sets = (kvHeads - 1) / together + 1;
    if (RESULTS.get().length < shape.batch() * count * kvHeads * length) {
      RESULTS.set(new float[shape.batch() * count * kvHeads * length]);
    }
    float[] results = RESULTS.get();
    parallel.forRange(
        shape.batch() * count * sets,
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            int kvHead = i % sets * together;
            int stretch = i / sets % count;
            int batch = i / sets / count;
            int at = ((batch * count + stretch) * kvHeads + kvHead) * length;
            int some = Math.min(together, kvHeads - kvHead);
            part.attend(batch, kvHead, some, first + stretch, results, at);
          }
        });
    float[] row = new float[shape.headDim()];
    for (int i = 0; i < shape.batch() * kvHeads; i++) {
      int batch = i / kvHeads;
      for (int result = 0; result < shape.queries() * shape.group(); result++) {
        int query = result / shape.group();
        int head = i % kvHeads * shape.group() + result % shape.group();
        int at = (batch * count * kvHeads + i % kvHeads) * length + result * (shape.headDim() + 1);
        double sum = merge(results, at, kvHeads * length, count, row);
        long to = ((long) batch * shape.queries() + query) * shape.heads() + head;
        MemorySegment.copy(
            row, 0, out, ValueLayout.JAVA_FLOAT, to * row.length * Float.BYTES, row.length);
        long index = ((long) batch * shape.heads() + head) * shape.queries() + query;
        logSumExp.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) sum);
      }
    }
  }

  /// Leaves the whole output of a query and head in `row`, and returns its log-sum-exp.
  ///
  /// @param at what the first of `count` stretches came to, `length` floats before the next
  private static double merge(float[] results, int at, int length, int count, float[] row) {
    int headDim = row.length;
    double largest = Double.NEGATIVE_INFINITY;
    for (int s = 0; s < count; s++) {
      largest = Math.max(largest, results[at + s * length + headDim]);
    }
    Arrays.fill(row, 0);
    double sum = 0;
    for (int s = 0; s < count; s++) {
      int from = at + s * length;
      double share = StrictMath.exp(results[from + headDim] - largest);
      float weight = (float) share;
      sum += share;
      for (int d = 0; d < headDim; d++) {
        row[d] += weight * results[from + d];
      }
    }
    float factor = (float) (1 / sum);
    for (int d = 0; d < headDim; d++) {
      row[d] *= factor;
    }
    return largest + StrictMath.log(sum);
  }
}
