package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;

/// Products with stored weights, one dot product after the other.
final class ScalarBlockMatmul implements BlockMatmulKernels {
  @Override
  public void multiply(
      BlockFormat format,
      int m,
      int n,
      int k,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment y) {
    float[] row = new float[k];
    long bytes = format.bytes(k);
    for (int column = 0; column < n; column++) {
      format.decode(weights, column * bytes, row, 0, k);
      for (int r = 0; r < m; r++) {
        float sum = 0;
        for (int i = 0; i < k; i++) {
          sum += get(x, (long) r * k + i) * row[i];
        }
        set(y, (long) r * n + column, sum);
      }
    }
  }
}
