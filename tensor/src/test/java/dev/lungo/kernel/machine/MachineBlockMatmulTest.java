package dev.lungo.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.kernel.BlockMatmulKernels;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q4_K;
import dev.lungo.quant.Q5_0;
import dev.lungo.quant.Q6_K;
import dev.lungo.quant.Q8_0;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the contract of all kernels does not ask: numbers that are none, and where code reads and
/// writes.
class MachineBlockMatmulTest {
  private static final BlockFormat[] FORMATS = {
    new Q8_0(), new Q4_0(), new Q5_0(), new Q4_K(), new Q6_K()
  };
  private static final int N = 45;
  private static final int K = 256;

  private final Random random = new Random(6);
  private final Arena arena = Arena.ofShared();
  private Kernels kernels;

  @BeforeEach
  void openKernels() {
    kernels = KernelChoice.open(MachineOrVector.NAME, 1);
  }

  @AfterEach
  void close() {
    kernels.close();
    arena.close();
  }

  private float[] normal(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private MemorySegment weights(BlockFormat format, int n) {
    MemorySegment weights = arena.allocate(format.bytes((long) n * K));
    format.encode(normal(n * K), 0, weights, 0, n * K);
    return weights;
  }

  private float[] multiply(BlockFormat format, float[] x, MemorySegment weights, int n) {
    int m = x.length / K;
    MemorySegment y = arena.allocate(ValueLayout.JAVA_FLOAT, (long) m * n);
    MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
    kernels.blockMatmul().multiply(format, m, n, K, in, weights, y);
    return y.toArray(ValueLayout.JAVA_FLOAT);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 9, 20})
  void whatIsNoNumberStaysVisible(int m) {
    for (BlockFormat format : FORMATS) {
      MemorySegment weights = weights(format, N);
      for (float bad : new float[] {Float.NaN, -Float.NaN, Float.POSITIVE_INFINITY}) {
        float[] x = normal(m * K);
        x[(m - 1) * K + 77] = bad;
        float[] y = multiply(format, x, weights, N);
        for (int i = 0; i < y.length; i++) {
          assertThat(Math.abs(y[i]) <= Float.MAX_VALUE)
              .as("%s, %d rows, %s, result %d: %s", format, m, bad, i, y[i])
              .isEqualTo(i < (m - 1) * N);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 20})
  void zerosAndTinyNumbersGiveZerosAndTinyNumbers(int m) {
    for (BlockFormat format : FORMATS) {
      MemorySegment weights = weights(format, N);
      assertThat(multiply(format, new float[m * K], weights, N)).containsOnly(0);
      float[] tiny = new float[m * K];
      Arrays.fill(tiny, Float.MIN_VALUE);
      for (float value : multiply(format, tiny, weights, N)) {
        assertThat(Math.abs(value)).isLessThan(1e-38f);
      }
    }
  }

  @Test
  void largeNumbersComeOutAsSmallOnesDo() {
    for (BlockFormat format : FORMATS) {
      MemorySegment weights = weights(format, N);
      float[] x = normal(3 * K);
      float[] large = x.clone();
      for (int i = 0; i < large.length; i++) {
        large[i] *= 0x1p100f;
      }
      float[] y = multiply(format, x, weights, N);
      for (int i = 0; i < y.length; i++) {
        y[i] *= 0x1p100f;
      }
      assertThat(multiply(format, large, weights, N)).isEqualTo(y);
    }
  }

  @Test
  void memoryThatIsTooSmallOrNoneIsRefused() {
    BlockMatmulKernels products = kernels.blockMatmul();
    MemorySegment weights = weights(new Q8_0(), N);
    MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(20 * K));
    MemorySegment y = arena.allocate(ValueLayout.JAVA_FLOAT, 20L * N);
    for (int m : new int[] {1, 20}) {
      long bytes = 4L * m * N;
      assertThatThrownBy(
              () -> products.multiply(new Q8_0(), m, N, K, x, weights, y.asSlice(0, bytes - 4)))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(
              () -> products.multiply(new Q8_0(), m, N + 1, K, x, weights, y.asSlice(0, bytes)))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() ->
              products.multiply(new Q8_0(), m, N, K, x.asSlice(0, 4L * m * K - 4), weights, y))
          .isInstanceOf(IndexOutOfBoundsException.class);
      if (MachineOrVector.multipliesBytes()) {
        assertThatThrownBy(() ->
                products.multiply(
                    new Q8_0(), m, N, K, x, weights, MemorySegment.ofArray(new float[m * N])))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("native memory");
      }
    }
  }

  @Test
  void memoryThatWasGivenBackIsRefused() {
    MemorySegment gone;
    try (Arena brief = Arena.ofShared()) {
      gone = brief.allocate(new Q8_0().bytes((long) N * K));
    }
    MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, normal(K));
    MemorySegment y = arena.allocate(ValueLayout.JAVA_FLOAT, N);
    assertThatThrownBy(() -> kernels.blockMatmul().multiply(new Q8_0(), 1, N, K, x, gone, y))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("given back");
  }
}
