package dev.lungo.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Compares every form with float64 sums over sizes around the edges of tiles, blocks and depths.
class VectorMatmulTest {
  private static final int[] SIZES = {1, 2, 7, 16, 33, 100, 257};
  private static final int PAD = 3;

  @ParameterizedTest
  @EnumSource
  void equalsTheFormulaAtAwkwardSizesStridesAndOffsets(Form form) {
    try (Parallel parallel = new Parallel(2)) {
      VectorMatmul matmul = new VectorMatmul(parallel);
      for (int m : SIZES) {
        for (int n : SIZES) {
          for (int k : SIZES) {
            try (Arena arena = Arena.ofShared()) {
              check(matmul, new Product(arena, form, m, n, k), (m + n + k) % 2 == 0);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void depthsOfSeveralBlocksAddUp(Form form) {
    try (Parallel parallel = new Parallel(2);
        Arena arena = Arena.ofShared()) {
      for (int k : new int[] {512, 513, 672, 1025}) {
        check(new VectorMatmul(parallel), new Product(arena, form, 40, 50, k), false);
        check(new VectorMatmul(parallel), new Product(arena, form, 40, 50, k), true);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void bitsDoNotDependOnTheNumberOfThreads(Form form) {
    int[][] shapes = {{1, 700, 300}, {5, 300, 257}, {64, 600, 300}, {300, 257, 530}};
    for (int[] shape : shapes) {
      try (Arena arena = Arena.ofShared()) {
        Product product = new Product(arena, form, shape[0], shape[1], shape[2]);
        float[] expected = product.run(1);
        for (int threads = 2; threads <= 3; threads++) {
          assertThat(product.run(threads))
              .as("%s with %d threads", product, threads)
              .isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void aRowOfADecodedBatchHasTheBitsItHasAlone() {
    try (Arena arena = Arena.ofShared()) {
      float[] together = new Product(arena, Form.NT, 4, 37, 130).run(1);
      float[] alone = new Product(arena, Form.NT, 1, 37, 130).run(1);
      for (int column = 0; column < 37; column++) {
        assertThat(together[column]).isEqualTo(alone[column]);
      }
    }
  }

  @Test
  void anEmptySizeIsRefused() {
    try (Parallel parallel = new Parallel(1);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(4);
      assertThatThrownBy(() ->
              new VectorMatmul(parallel).multiply(Form.NN, 1, 0, 1, memory, memory, memory, false))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("n 0");
    }
  }

  private static void check(VectorMatmul matmul, Product product, boolean accumulate) {
    float[] before = product.c.toArray(ValueLayout.JAVA_FLOAT);
    product.run(matmul, accumulate);
    float[] after = product.c.toArray(ValueLayout.JAVA_FLOAT);
    for (int row = 0; row < product.m; row++) {
      for (int column = 0; column < product.cStride; column++) {
        int at = product.offset + row * product.cStride + column;
        if (column < product.n) {
          double expected = product.expected(row, column) + (accumulate ? before[at] : 0);
          if (Math.abs(after[at] - expected) > 1e-5 * Math.sqrt(product.k) + 1e-5) {
            assertThat((double) after[at])
                .as("%s accumulate %s row %d column %d", product, accumulate, row, column)
                .isCloseTo(expected, within(1e-5));
          }
        } else if (after[at] != before[at]) {
          assertThat(after[at])
              .as("%s must leave what lies between its rows", product)
              .isEqualTo(before[at]);
        }
      }
    }
  }

  /// A product with room between the rows and before the first element.
  private static final class Product {
    final Form form;
    final int m;
    final int n;
    final int k;
    final int offset = 5;
    final int aStride;
    final int bStride;
    final int cStride;
    final MemorySegment a;
    final MemorySegment b;
    final MemorySegment c;
    final float[] left;
    final float[] right;

    Product(Arena arena, Form form, int m, int n, int k) {
      this.form = form;
      this.m = m;
      this.n = n;
      this.k = k;
      aStride = (form == Form.TN ? m : k) + PAD;
      bStride = (form == Form.NT ? k : n) + PAD;
      cStride = n + PAD;
      a = random(arena, offset + (form == Form.TN ? k : m) * aStride, 1);
      b = random(arena, offset + (form == Form.NT ? n : k) * bStride, 2);
      c = random(arena, offset + m * cStride, 3);
      left = a.toArray(ValueLayout.JAVA_FLOAT);
      right = b.toArray(ValueLayout.JAVA_FLOAT);
    }

    float[] run(int threads) {
      try (Parallel parallel = new Parallel(threads)) {
        run(new VectorMatmul(parallel), false);
      }
      return c.asSlice(offset * 4L).toArray(ValueLayout.JAVA_FLOAT);
    }

    void run(VectorMatmul matmul, boolean accumulate) {
      matmul.multiply(
          form, m, n, k, a, offset, aStride, b, offset, bStride, c, offset, cStride, accumulate);
    }

    double expected(int row, int column) {
      double sum = 0;
      for (int i = 0; i < k; i++) {
        float x =
            form == Form.TN ? left[offset + i * aStride + row] : left[offset + row * aStride + i];
        float y =
            form == Form.NT
                ? right[offset + column * bStride + i]
                : right[offset + i * bStride + column];
        sum += (double) x * y;
      }
      return sum;
    }

    @Override
    public String toString() {
      return form + " m " + m + " n " + n + " k " + k;
    }

    private static MemorySegment random(Arena arena, int length, long seed) {
      MemorySegment memory = arena.allocate(4L * length, 4);
      SplittableRandom random = new SplittableRandom(seed);
      for (int i = 0; i < length; i++) {
        memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
      }
      return memory;
    }
  }
}
