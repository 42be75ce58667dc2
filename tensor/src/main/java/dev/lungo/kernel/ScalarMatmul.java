package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.add;
import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/// Matrix products as the definition says, each form in the loop order that reads memory forwards.
final class ScalarMatmul implements MatmulKernels {
  private final Parallel parallel;

  ScalarMatmul(Parallel parallel) {
    this.parallel = parallel;
  }

  @Override
  public void multiply(
      Form form,
      int m,
      int n,
      int k,
      MemorySegment a,
      long aOffset,
      int aStride,
      MemorySegment b,
      long bOffset,
      int bStride,
      MemorySegment c,
      long cOffset,
      int cStride,
      boolean accumulate) {
    parallel.forRange(
        m,
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            long cRow = cOffset + (long) i * cStride;
            if (!accumulate) {
              for (int j = 0; j < n; j++) {
                set(c, cRow + j, 0);
              }
            }
            switch (form) {
              case NT -> {
                long aRow = aOffset + (long) i * aStride;
                for (int j = 0; j < n; j++) {
                  add(c, cRow + j, dot(a, aRow, b, bOffset + (long) j * bStride, k));
                }
              }
              case NN ->
                  addRows(a, aOffset + (long) i * aStride, 1, b, bOffset, bStride, c, cRow, n, k);
              case TN -> addRows(a, aOffset + i, aStride, b, bOffset, bStride, c, cRow, n, k);
            }
          }
        });
  }

  /// Computes Σ a[p]·b[p].
  static double dot(MemorySegment a, long aOffset, MemorySegment b, long bOffset, int length) {
    double sum = 0;
    for (int p = 0; p < length; p++) {
      sum += (double) get(a, aOffset + p) * get(b, bOffset + p);
    }
    return sum;
  }

  /// Adds Σ a[p]·b[p,·] to the row of c, a's elements lying `aStep` apart.
  private static void addRows(
      MemorySegment a,
      long aOffset,
      int aStep,
      MemorySegment b,
      long bOffset,
      int bStride,
      MemorySegment c,
      long cRow,
      int n,
      int k) {
    for (int p = 0; p < k; p++) {
      float factor = get(a, aOffset + (long) p * aStep);
      long bRow = bOffset + (long) p * bStride;
      for (int j = 0; j < n; j++) {
        set(c, cRow + j, get(c, cRow + j) + factor * get(b, bRow + j));
      }
    }
  }
}
