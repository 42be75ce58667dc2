package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Arithmetic over whole arrays.
public interface ElementwiseKernels {
  /// Computes out = a + b.
  void add(MemorySegment a, MemorySegment b, MemorySegment out, long count);

  /// Computes y = scaleY · y + scaleX · x.
  void scaleAndAdd(MemorySegment y, float scaleY, MemorySegment x, float scaleX, long count);

  /// Computes out[r] = x[r] + row for every row: a bias, or positions added to a batch of
  /// sequences.
  void addRow(MemorySegment x, MemorySegment row, MemorySegment out, int rows, int width);

  /// Adds the sum of the rows of x to `sum` (width).
  void addSumOfRows(MemorySegment x, MemorySegment sum, int rows, int width);

  /// Computes Σ x² in float64, in an order that depends on `count` alone.
  double sumOfSquares(MemorySegment x, long count);

  /// Multiplies x by a factor.
  void scale(MemorySegment x, float factor, long count);

  /// Computes out = mask ? x · factor : 0 with the mask drawn from `seed` and the element's index
  /// alone (dropout). The same call on a gradient is the backward pass, with `accumulate`.
  void dropout(
      MemorySegment x,
      MemorySegment out,
      long count,
      float dropProbability,
      long seed,
      boolean accumulate);
}
