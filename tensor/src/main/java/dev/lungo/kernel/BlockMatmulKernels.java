package dev.lungo.kernel;

import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// What is done with weights that are stored in blocks ([BlockFormat]): they are decoded where they
/// are used and nowhere else.
public interface BlockMatmulKernels {
  /// Computes y = x·Wᵀ.
  ///
  /// @param x (m, k), float32
  /// @param weights (n, k), each row whole blocks
  /// @param y (m, n), float32
  void multiply(
      BlockFormat format,
      int m,
      int n,
      int k,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment y);

  /// Weights, and where their product with x goes.
  ///
  /// @param n rows of weights
  /// @param weights (n, k), each row whole blocks
  /// @param y (m, n), float32
  record Product(BlockFormat format, int n, MemorySegment weights, MemorySegment y) {}

  /// Computes several products with the same x (m, k), as [#multiply] does one.
  default void multiply(List<Product> products, int m, int k, MemorySegment x) {
    for (Product product : products) {
      multiply(product.format(), m, product.n(), k, x, product.weights(), product.y());
    }
  }

  /// Computes out[r] = table[ids[r]]. The caller has checked every id.
  ///
  /// @param ids (rows), int32
  /// @param table (entries, width), each row whole blocks
  /// @param out (rows, width), float32
  default void gather(
      BlockFormat format,
      MemorySegment ids,
      MemorySegment table,
      MemorySegment out,
      int rows,
      int width) {
    float[] row = new float[width];
    long bytes = format.bytes(width);
    for (int r = 0; r < rows; r++) {
      int id = ids.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, r);
      format.decode(table, id * bytes, row, 0, width);
      MemorySegment.copy(
          row, 0, out, ValueLayout.JAVA_FLOAT_UNALIGNED, (long) r * width * Float.BYTES, width);
    }
  }
}
