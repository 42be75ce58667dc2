package dev.lungo.kernel;

import dev.lungo.kernel.MatmulKernels.Form;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MatmulKernelsTest extends KernelContract {
  private static final int OFFSET = 3;
  private static final int GAP = 2;

  /// The scalar kernel adds 257 products of about 1 in float32: partial sums of 20 round by 1e-6
  /// each.
  private static final double TOLERANCE = 3e-5;

  @ParameterizedTest
  @CsvSource({
    "1,1,1",
    "1,33,7",
    "2,9,64",
    "7,8,9",
    "8,1,257",
    "9,64,33",
    "33,33,33",
    "64,40,8",
    "65,130,70"
  })
  void elementsAreSumsOfProductsWhateverIsStoredTransposed(int m, int n, int k) {
    for (Form form : Form.values()) {
      int aStride = (form == Form.TN ? m : k) + GAP;
      int bStride = (form == Form.NT ? k : n) + GAP;
      int cStride = n + GAP;
      float[] aValues = normal(OFFSET + (form == Form.TN ? k : m) * aStride);
      float[] bValues = normal(OFFSET + (form == Form.NT ? n : k) * bStride);
      float[] start = normal(OFFSET + m * cStride);
      MemorySegment a = memory(aValues);
      MemorySegment b = memory(bValues);
      for (boolean accumulate : new boolean[] {false, true}) {
        double[] expected = doubles(start);
        for (int i = 0; i < m; i++) {
          for (int j = 0; j < n; j++) {
            double sum = accumulate ? start[OFFSET + i * cStride + j] : 0;
            for (int p = 0; p < k; p++) {
              int inA = form == Form.TN ? p * aStride + i : i * aStride + p;
              int inB = form == Form.NT ? j * bStride + p : p * bStride + j;
              sum += (double) aValues[OFFSET + inA] * bValues[OFFSET + inB];
            }
            expected[OFFSET + i * cStride + j] = sum;
          }
        }
        check(
            (kernels, out) ->
                kernels
                    .matmul()
                    .multiply(
                        form,
                        m,
                        n,
                        k,
                        a,
                        OFFSET,
                        aStride,
                        b,
                        OFFSET,
                        bStride,
                        out[0],
                        OFFSET,
                        cStride,
                        accumulate),
            TOLERANCE,
            List.of(start),
            List.of(expected));
      }
    }
  }
}
