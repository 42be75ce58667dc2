package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.vector.VectorMatmul.Scratch;
import dev.lungo.kernel.vector.VectorMatmul.Stored;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/// A few rows times a matrix of weights: dot products that read each weight once, where it is
/// stored.
///
/// A row's result does not depend on how many other rows come with it.
final class RowDots {
  /// With more rows, packing the weights pays.
  static final int MOST_ROWS = Kernels.FEW_ROWS;

  /// Weights that one task reads: a few hundred microseconds of memory traffic would leave threads
  /// waiting.
  private static final int WEIGHTS_PER_TASK = 1 << 15;

  /// Rows of weights that are read at once.
  static final int WEIGHT_ROWS = 4;

  private RowDots() {}

  /// Computes c(m, n) = x(m, k) · weights(n, k)ᵀ, or adds it.
  static void multiply(
      Parallel parallel,
      int m,
      int n,
      int k,
      Stored x,
      Stored weights,
      Stored c,
      boolean add,
      ThreadLocal<Scratch> scratch) {
    float[] rows = scratch.get().few(m * k);
    for (int row = 0; row < m; row++) {
      MemorySegment.copy(
          x.memory(), ValueLayout.JAVA_FLOAT, x.at(row, 0) * Float.BYTES, rows, row * k, k);
    }
    int groups = (n - 1) / WEIGHT_ROWS + 1;
    int chunk = Math.max(1, WEIGHTS_PER_TASK / WEIGHT_ROWS / k);
    parallel.forRange(
        groups,
        chunk,
        (from, to) -> {
          float[] sums = scratch.get().sums;
          for (int column = from * WEIGHT_ROWS;
              column < Math.min(n, to * WEIGHT_ROWS);
              column += WEIGHT_ROWS) {
            for (int row = 0; row < m; row++) {
              group(rows, row * k, k, weights, column, n, sums);
              for (int i = 0; i < Math.min(WEIGHT_ROWS, n - column); i++) {
                put(c, row, column + i, Lanes.sum(sums, i * LANES), add);
              }
            }
          }
        });
  }

  /// Leaves the lanes' sums of four dot products in `sums`. Beyond the last row of weights, the
  /// last is taken again.
  static void group(float[] x, int xFrom, int k, Stored weights, int column, int n, float[] sums) {
    MemorySegment w = weights.memory();
    long w0 = weights.at(column, 0);
    long w1 = weights.at(Math.min(column + 1, n - 1), 0);
    long w2 = weights.at(Math.min(column + 2, n - 1), 0);
    long w3 = weights.at(Math.min(column + 3, n - 1), 0);
    FloatVector s0 = FloatVector.zero(SPECIES);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    FloatVector s3 = s0;
    int whole = SPECIES.loopBound(k);
    for (int i = 0; i < whole; i += LANES) {
      FloatVector v = FloatVector.fromArray(SPECIES, x, xFrom + i);
      s0 = Lanes.load(w, w0 + i).fma(v, s0);
      s1 = Lanes.load(w, w1 + i).fma(v, s1);
      s2 = Lanes.load(w, w2 + i).fma(v, s2);
      s3 = Lanes.load(w, w3 + i).fma(v, s3);
    }
    s0.intoArray(sums, 0);
    s1.intoArray(sums, LANES);
    s2.intoArray(sums, 2 * LANES);
    s3.intoArray(sums, 3 * LANES);
    for (int i = whole; i < k; i++) {
      sums[0] =
          Math.fma(w.get(ValueLayout.JAVA_FLOAT, (w0 + i) * Float.BYTES), x[xFrom + i], sums[0]);
      sums[LANES] =
          Math.fma(
              w.get(ValueLayout.JAVA_FLOAT, (w1 + i) * Float.BYTES), x[xFrom + i], sums[LANES]);
      sums[2 * LANES] =
          Math.fma(
              w.get(ValueLayout.JAVA_FLOAT, (w2 + i) * Float.BYTES), x[xFrom + i], sums[2 * LANES]);
      sums[3 * LANES] =
          Math.fma(
              w.get(ValueLayout.JAVA_FLOAT, (w3 + i) * Float.BYTES), x[xFrom + i], sums[3 * LANES]);
    }
  }

  private static void put(Stored c, int row, int column, float value, boolean add) {
    long at = c.at(row, column) * Float.BYTES;
    float before = add ? c.memory().get(ValueLayout.JAVA_FLOAT, at) : 0;
    c.memory().set(ValueLayout.JAVA_FLOAT, at, before + value);
  }
}
