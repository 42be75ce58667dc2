package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ElementwiseKernelsTest extends KernelContract {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8192, 8193, 30_001})
  void arraysAreAddedAndScaled(int count) {
    float[] a = normal(count);
    float[] b = normal(count);
    MemorySegment aMemory = memory(a);
    MemorySegment bMemory = memory(b);
    double[] sum = new double[count];
    double[] combined = new double[count];
    double[] scaled = new double[count];
    for (int i = 0; i < count; i++) {
      sum[i] = (double) a[i] + b[i];
      combined[i] = 0.75 * a[i] - 3 * b[i];
      scaled[i] = a[i] * 1.5;
    }
    check(
        (kernels, out) -> kernels.elementwise().add(aMemory, bMemory, out[0], count),
        1e-7,
        List.of(normal(count)),
        List.of(sum));
    check(
        (kernels, out) -> kernels.elementwise().add(out[0], bMemory, out[0], count),
        1e-7,
        List.of(a),
        List.of(sum));
    check(
        (kernels, out) -> kernels.elementwise().scaleAndAdd(out[0], 0.75f, bMemory, -3, count),
        1e-6,
        List.of(a),
        List.of(combined));
    check(
        (kernels, out) -> kernels.elementwise().scale(out[0], 1.5f, count),
        1e-7,
        List.of(a),
        List.of(scaled));
  }

  @ParameterizedTest
  @CsvSource({"0,8", "1,1", "3,7", "17,8", "20,9", "70,33", "1100,64", "50,257", "3,9001"})
  void rowsAreAddedAndSummed(int rows, int width) {
    float[] x = normal(rows * width);
    float[] row = normal(width);
    double[] shifted = new double[x.length];
    double[] sums = doubles(row);
    for (int i = 0; i < x.length; i++) {
      shifted[i] = (double) x[i] + row[i % width];
      sums[i % width] += x[i];
    }
    MemorySegment xMemory = memory(x);
    MemorySegment rowMemory = memory(row);
    check(
        (kernels, out) -> kernels.elementwise().addRow(xMemory, rowMemory, out[0], rows, width),
        1e-7,
        List.of(normal(x.length)),
        List.of(shifted));
    check(
        (kernels, out) -> kernels.elementwise().addSumOfRows(xMemory, out[0], rows, width),
        1e-5,
        List.of(row),
        List.of(sums));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 1030, 8191, 8192, 8193, 300_001})
  void squaresAreSummedInOneOrder(int count) {
    float[] values = normal(count);
    MemorySegment x = memory(values);
    double expected = 0;
    for (float value : values) {
      expected += (double) value * value;
    }
    for (String name : KernelChoice.names()) {
      double oneThread = Double.NaN;
      for (int threads = 1; threads <= 3; threads++) {
        try (Kernels kernels = KernelChoice.open(name, threads)) {
          double sum = kernels.elementwise().sumOfSquares(x, count);
          assertThat(sum).as(kernels.description()).isCloseTo(expected, within(1e-6 * expected));
          oneThread = threads == 1 ? sum : oneThread;
          assertThat(sum).as(kernels.description()).isEqualTo(oneThread);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8193, 30_001})
  void dropoutDrawsOneMaskWhateverTheImplementation(int count) {
    float[] values = normal(count);
    float[] start = normal(count);
    MemorySegment x = memory(values);
    for (float probability : new float[] {0, 0.1f, 0.75f}) {
      DropoutMask mask = new DropoutMask(probability, 42);
      double[] dropped = new double[count];
      double[] added = doubles(start);
      for (int i = 0; i < count; i++) {
        dropped[i] = mask.keeps(i) ? values[i] / (1 - (double) probability) : 0;
        added[i] += dropped[i];
      }
      check(
          (kernels, out) -> kernels.elementwise().dropout(x, out[0], count, probability, 42, false),
          2e-7,
          List.of(start),
          List.of(dropped));
      check(
          (kernels, out) -> kernels.elementwise().dropout(x, out[0], count, probability, 42, true),
          2e-7,
          List.of(start),
          List.of(added));
    }
  }

  @Test
  void dropoutMasksKeepTheirShareAndDifferBySeed() {
    int count = 200_000;
    DropoutMask first = new DropoutMask(0.1f, 1);
    DropoutMask second = new DropoutMask(0.1f, 2);
    int kept = 0;
    int keptByBoth = 0;
    int keptWithNext = 0;
    for (int i = 0; i < count; i++) {
      kept += first.keeps(i) ? 1 : 0;
      keptByBoth += first.keeps(i) && second.keeps(i) ? 1 : 0;
      keptWithNext += first.keeps(i) && first.keeps(i + 1) ? 1 : 0;
    }
    assertThat(kept / (double) count).isCloseTo(0.9, within(0.003));
    assertThat(keptByBoth / (double) count).isCloseTo(0.81, within(0.004));
    assertThat(keptWithNext / (double) count).isCloseTo(0.81, within(0.004));
    assertThat(first.keys(1)).isEqualTo(first.keys(0)).isNotEqualTo(first.keys(1L << 32));
    assertThatThrownBy(() -> new DropoutMask(1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1.0");
  }
}
