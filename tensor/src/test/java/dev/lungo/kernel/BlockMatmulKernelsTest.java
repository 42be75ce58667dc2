package dev.lungo.kernel;

import dev.lungo.quant.BlockFormat;
import dev.lungo.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class BlockMatmulKernelsTest extends KernelContract {
  static Stream<Arguments> cases() {
    int[][] sizes = {
      {1, 1, 256},
      {1, 37, 512},
      {7, 9, 512},
      {3, 5, 256},
      {12, 33, 768},
      {13, 70, 256},
      {40, 600, 512}
    };
    Stream<Arguments> blocks =
        Stream.of(DType.values())
            .filter(type -> type.format().isPresent())
            .flatMap(type ->
                Stream.of(sizes).map(size -> Arguments.of(type, size[0], size[1], size[2])));
    Stream<Arguments> oddBlocks =
        Stream.of(DType.Q8_0, DType.Q4_0, DType.Q5_0)
            .flatMap(type ->
                Stream.of(
                    Arguments.of(type, 1, 5, 32),
                    Arguments.of(type, 11, 35, 96),
                    Arguments.of(type, 15, 35, 96)));
    Stream<Arguments> unevenRows =
        Stream.of(DType.FLOAT16, DType.BFLOAT16)
            .flatMap(
                type -> Stream.of(Arguments.of(type, 2, 5, 77), Arguments.of(type, 14, 9, 45)));
    return Stream.of(blocks, oddBlocks, unevenRows).flatMap(Function.identity());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void storedWeightsMultiplyAsTheirNumbers(DType type, int m, int n, int k) {
    BlockFormat format = type.format().orElseThrow();
    MemorySegment weights = randomBlocks(type, n * k);
    float[] numbers = new float[n * k];
    format.decode(weights, 0, numbers, 0, n * k);
    float[] xValues = normal(m * k);
    MemorySegment x = memory(xValues);
    Call call =
        (kernels, out) -> kernels.blockMatmul().multiply(format, m, n, k, x, weights, out[0]);
    for (String name : KernelChoice.names()) {
      float[] seen = roundsX(name) && isRounded(type, m) ? rounded(xValues) : xValues;
      double[] expected = product(seen, numbers, m, n, k);
      check(name, call, 1e-4, List.of(normal(m * n)), List.of(expected));
    }
  }

  private static double[] product(float[] x, float[] weights, int m, int n, int k) {
    double[] product = new double[m * n];
    for (int row = 0; row < m; row++) {
      for (int column = 0; column < n; column++) {
        for (int i = 0; i < k; i++) {
          product[row * n + column] += (double) x[row * k + i] * weights[column * k + i];
        }
      }
    }
    return product;
  }

  /// Whether these kernels' products are in machine code, which not all processors have it for.
  private static boolean roundsX(String name) {
    if (!name.equals("machine") || KernelChoice.obstacle(name).isPresent()) {
      return false;
    }
    try (Kernels kernels = KernelChoice.open(name, 1)) {
      return kernels.blockMatmul().getClass().getName().contains(".machine.");
    }
  }

  /// Whether machine code rounds x for this format.
  private static boolean isRounded(DType type, int m) {
    return switch (type) {
      case Q8_0, Q4_0, Q5_0 -> true;
      case Q4_K, Q6_K -> m <= Kernels.FEW_ROWS;
      default -> false;
    };
  }

  /// x as [#isRounded] means: in blocks of 32, whole multiples of 1/127 of the largest.
  private static float[] rounded(float[] x) {
    float[] rounded = new float[x.length];
    for (int block = 0; block < x.length; block += 32) {
      float largest = 0;
      for (int i = block; i < block + 32; i++) {
        largest = Math.max(largest, Math.abs(x[i]));
      }
      for (int i = block; i < block + 32; i++) {
        rounded[i] = (float) Math.rint(x[i] * (127 / largest)) * (largest * (1 / 127f));
      }
    }
    return rounded;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void rowsOfStoredTablesAreLookedUp(DType type, int rows, int entries, int width) {
    BlockFormat format = type.format().orElseThrow();
    MemorySegment table = randomBlocks(type, entries * width);
    int[] idValues = new int[rows];
    double[] expected = new double[rows * width];
    float[] row = new float[width];
    for (int r = 0; r < rows; r++) {
      idValues[r] = random.nextInt(entries);
      format.decode(table, idValues[r] * format.bytes(width), row, 0, width);
      System.arraycopy(doubles(row), 0, expected, r * width, width);
    }
    MemorySegment ids = memory(idValues);
    check(
        (kernels, out) -> kernels.blockMatmul().gather(format, ids, table, out[0], rows, width),
        0,
        List.of(normal(rows * width)),
        List.of(expected));
  }

  /// Random bits, with scales small enough that sums stay near 1.
  private MemorySegment randomBlocks(DType type, int elements) {
    BlockFormat format = type.format().orElseThrow();
    byte[] bytes = new byte[(int) format.bytes(elements)];
    random.nextBytes(bytes);
    MemorySegment heap = MemorySegment.ofArray(bytes);
    for (int block = 0; block < bytes.length; block += format.blockBytes()) {
      switch (type) {
        case FLOAT16 -> setHalf(heap, block, random.nextGaussian() / 16);
        case BFLOAT16 ->
            heap.set(
                ValueLayout.JAVA_SHORT_UNALIGNED,
                block,
                (short) (Float.floatToIntBits((float) random.nextGaussian() / 16) >> 16));
        case Q8_0 -> setHalf(heap, block, 5e-4);
        case Q4_0, Q5_0 -> setHalf(heap, block, 5e-3);
        case Q4_1, Q5_1 -> {
          setHalf(heap, block, 5e-3);
          setHalf(heap, block + 2, -0.04);
        }
        case Q4_K, Q5_K -> {
          setHalf(heap, block, 2e-4);
          setHalf(heap, block + 2, 1e-3);
        }
        case Q6_K -> setHalf(heap, block + 208, 2e-5);
        case FLOAT32, INT32 -> throw new IllegalArgumentException(type + " has no blocks");
      }
    }
    return memory(heap.toArray(ValueLayout.JAVA_BYTE));
  }

  private static void setHalf(MemorySegment memory, long at, double value) {
    memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16((float) value));
  }
}
