package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.kernel.BlockMatmulKernels.Product;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.quant.BlockFormat;
import dev.lungo.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Up to [Kernels#FEW_ROWS] rows come out with the same bits together as alone: what batches and
/// speculative decoding rely on.
class FewRowsTest {
  private final Random random = new Random(4);

  static Stream<Kernels> implementations() {
    return Stream.of(new ScalarKernels(1), KernelChoice.open(2));
  }

  private static float[] normal(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] floats(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_FLOAT);
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void productsOfFewRowsAreThoseOfEachRow(Kernels kernels) {
    try (kernels;
        Arena arena = Arena.ofShared()) {
      for (int k : new int[] {1, 13, 64, 513}) {
        int n = 37;
        float[] x = normal(random, Kernels.FEW_ROWS * k);
        MemorySegment weights = arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(random, n * k));
        float[] alone = new float[Kernels.FEW_ROWS * n];
        for (int row = 0; row < Kernels.FEW_ROWS; row++) {
          float[] one = Arrays.copyOfRange(x, row * k, (row + 1) * k);
          System.arraycopy(multiply(kernels, arena, one, weights, n, k), 0, alone, row * n, n);
        }
        for (int rows = 2; rows <= Kernels.FEW_ROWS; rows++) {
          float[] some = Arrays.copyOf(x, rows * k);
          assertThat(multiply(kernels, arena, some, weights, n, k))
              .as("%d rows, depth %d", rows, k)
              .isEqualTo(Arrays.copyOf(alone, rows * n));
        }
      }
    }
  }

  private static float[] multiply(
      Kernels kernels, Arena arena, float[] x, MemorySegment weights, int n, int k) {
    int rows = x.length / k;
    MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
    MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, (long) rows * n);
    kernels.matmul().multiply(Form.NT, rows, n, k, in, weights, out, false);
    return floats(out);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"FLOAT32", "INT32"})
  void productsWithStoredWeightsAreThoseOfEachRow(DType type) {
    BlockFormat format = type.format().orElseThrow();
    int n = 19;
    int k = 512;
    byte[] bytes = new byte[(int) format.bytes((long) n * k)];
    random.nextBytes(bytes);
    // Small exponents, whatever the format reads as its scale.
    for (int i = 1; i < bytes.length; i += 2) {
      bytes[i] &= 0x1f;
    }
    try (Kernels kernels = KernelChoice.open(2);
        Arena arena = Arena.ofShared()) {
      MemorySegment weights = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      float[] x = normal(random, Kernels.FEW_ROWS * k);
      float[] together = storedProduct(kernels, arena, format, x, weights, n, k);
      for (int row = 0; row < Kernels.FEW_ROWS; row++) {
        float[] one = Arrays.copyOfRange(x, row * k, (row + 1) * k);
        assertThat(storedProduct(kernels, arena, format, one, weights, n, k))
            .isEqualTo(Arrays.copyOfRange(together, row * n, (row + 1) * n));
      }
    }
  }

  /// Several products with the same x, of matrices so different that threads' shares begin within
  /// them, are bit for bit those of each.
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q8_0", "Q4_0", "Q5_1", "Q4_K", "BFLOAT16"})
  void productsTogetherAreThoseOfEach(DType type) {
    int k = 256;
    int[] sizes = {3, 410, 1, 77};
    try (Kernels kernels = KernelChoice.open(3);
        Arena arena = Arena.ofShared()) {
      for (int rows : new int[] {1, 3, Kernels.FEW_ROWS + 1}) {
        for (boolean mixed : new boolean[] {false, true}) {
          float[] x = normal(random, rows * k);
          List<Product> products = new ArrayList<>();
          List<float[]> alone = new ArrayList<>();
          for (int i = 0; i < sizes.length; i++) {
            DType own = mixed && i == 1 ? DType.Q6_K : type;
            BlockFormat format = own.format().orElseThrow();
            byte[] bytes = new byte[(int) format.bytes((long) sizes[i] * k)];
            random.nextBytes(bytes);
            for (int at = 1; at < bytes.length; at += 2) {
              bytes[at] &= 0x1f;
            }
            MemorySegment weights = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            alone.add(storedProduct(kernels, arena, format, x, weights, sizes[i], k));
            MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, (long) rows * sizes[i]);
            products.add(new Product(format, sizes[i], weights, out));
          }
          MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
          kernels.blockMatmul().multiply(products, rows, k, in);
          for (int i = 0; i < sizes.length; i++) {
            assertThat(floats(products.get(i).y()))
                .as("%d rows, matrix %d, mixed %s", rows, i, mixed)
                .isEqualTo(alone.get(i));
          }
        }
      }
    }
  }

  private static float[] storedProduct(
      Kernels kernels,
      Arena arena,
      BlockFormat format,
      float[] x,
      MemorySegment weights,
      int n,
      int k) {
    int rows = x.length / k;
    MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
    MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, (long) rows * n);
    kernels.blockMatmul().multiply(format, rows, n, k, in, weights, out);
    return floats(out);
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void attentionOfFewQueriesIsThatOfEachQuery(Kernels kernels) {
    int queries = Kernels.FEW_ROWS;
    int keys = 75;
    try (kernels;
        Arena arena = Arena.ofShared()) {
      for (int headDim : new int[] {5, 8, 40}) {
        float[] q = normal(random, queries * 4 * headDim);
        MemorySegment k =
            arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(random, keys * 2 * headDim));
        MemorySegment v =
            arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(random, keys * 2 * headDim));
        float[] together = attend(kernels, arena, q, k, v, keys, keys, headDim);
        for (int query = 0; query < queries; query++) {
          int width = 4 * headDim;
          float[] one = Arrays.copyOfRange(q, query * width, (query + 1) * width);
          int seen = keys - queries + query + 1;
          assertThat(attend(kernels, arena, one, k, v, seen, keys, headDim))
              .isEqualTo(Arrays.copyOfRange(together, query * width, (query + 1) * width));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void attentionOfManyHeadsIsThatOfEachQuery(Kernels kernels) {
    int heads = 16;
    int headDim = 8;
    try (kernels;
        Arena arena = Arena.ofShared()) {
      for (int window : new int[] {AttentionShape.UNLIMITED, 3090, 100}) {
        int queries = Kernels.FEW_ROWS;
        // The queries lie on both sides of the bound between two stretches.
        int keys = 3072 + 5;
        float[] q = normal(random, queries * heads * headDim);
        MemorySegment k =
            arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(random, keys * headDim));
        MemorySegment v =
            arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(random, keys * headDim));
        float[] together = attendShared(kernels, arena, q, k, v, keys, keys, heads, window);
        int width = heads * headDim;
        for (int query = 0; query < queries; query++) {
          float[] one = Arrays.copyOfRange(q, query * width, (query + 1) * width);
          int seen = keys - queries + query + 1;
          assertThat(attendShared(kernels, arena, one, k, v, seen, keys, heads, window))
              .isEqualTo(Arrays.copyOfRange(together, query * width, (query + 1) * width));
        }
      }
    }
  }

  private static float[] attendShared(
      Kernels kernels,
      Arena arena,
      float[] q,
      MemorySegment k,
      MemorySegment v,
      int keys,
      int capacity,
      int heads,
      int window) {
    int queries = q.length / (8 * heads);
    AttentionShape shape =
        new AttentionShape(
            1, queries, keys, capacity, heads, 1, 8, true, 0.3f, window, AttentionShape.UNCAPPED);
    MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, q);
    MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, q.length);
    MemorySegment sums = arena.allocate(ValueLayout.JAVA_FLOAT, (long) heads * queries);
    kernels.attention().attention(shape, in, k, v, out, sums);
    return floats(out);
  }

  private static float[] attend(
      Kernels kernels,
      Arena arena,
      float[] q,
      MemorySegment k,
      MemorySegment v,
      int keys,
      int capacity,
      int headDim) {
    int queries = q.length / (4 * headDim);
    AttentionShape shape =
        new AttentionShape(1, queries, keys, capacity, 4, 2, headDim, true, 0.3f);
    MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, q);
    MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, q.length);
    MemorySegment sums = arena.allocate(ValueLayout.JAVA_FLOAT, 4L * queries);
    kernels.attention().attention(shape, in, k, v, out, sums);
    return floats(out);
  }
}
