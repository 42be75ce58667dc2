package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NormKernelsTest extends KernelContract {
  private static final float EPSILON = 1e-5f;

  private static double[] rmsNormRow(double[] x, float[] weight) {
    double squares = Arrays.stream(x).map(v -> v * v).sum();
    double inverse = 1 / Math.sqrt(squares / x.length + EPSILON);
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * inverse * weight[i];
    }
    return out;
  }

  private static double[] layerNormRow(double[] x, float[] weight, float[] bias) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = (x[i] - mean) / Math.sqrt(variance + EPSILON) * weight[i] + bias[i];
    }
    return out;
  }

  /// One normalisation of (rows, width), with inputs and what they should give.
  private final class Data {
    final int rows;
    final int width;
    final float[] x;
    final float[] weight;
    final float[] bias;
    final float[] dOut;

    Data(int rows, int width, float centre) {
      this.rows = rows;
      this.width = width;
      x = normal(rows * width);
      for (int i = 0; i < x.length; i++) {
        x[i] = x[i] * 2 + centre;
      }
      weight = normal(width);
      bias = normal(width);
      dOut = normal(rows * width);
    }

    double[] row(int r) {
      return Arrays.copyOfRange(doubles(x), r * width, (r + 1) * width);
    }

    double mean(int r) {
      return Arrays.stream(row(r)).average().orElseThrow();
    }

    double inverse(int r, double centre) {
      return 1
          / Math.sqrt(
              Arrays.stream(row(r)).map(v -> (v - centre) * (v - centre)).average().orElseThrow()
                  + EPSILON);
    }

    /// Applies a row's formula to all rows.
    double[] forRows(java.util.function.UnaryOperator<double[]> formula) {
      double[] out = new double[rows * width];
      for (int r = 0; r < rows; r++) {
        System.arraycopy(formula.apply(row(r)), 0, out, r * width, width);
      }
      return out;
    }

    double[] xGradient(float[] start, Formula formula) {
      double[] gradient = new double[rows * width];
      for (int r = 0; r < rows; r++) {
        int from = r * width;
        int to = from + width;
        double[] row =
            withGradient(
                Arrays.copyOfRange(start, from, to),
                Arrays.copyOfRange(dOut, from, to),
                Arrays.copyOfRange(x, from, to),
                formula);
        System.arraycopy(row, 0, gradient, from, width);
      }
      return gradient;
    }

    /// Sums dOut · factor over the rows, onto what was there.
    double[] columnSums(float[] start, double[] factor) {
      double[] sums = doubles(start);
      for (int i = 0; i < factor.length; i++) {
        sums[i % width] += dOut[i] * factor[i];
      }
      return sums;
    }

    float[] inverses(boolean centred) {
      float[] inverses = new float[rows];
      for (int r = 0; r < rows; r++) {
        inverses[r] = (float) inverse(r, centred ? mean(r) : 0);
      }
      return inverses;
    }

    float[] means() {
      float[] means = new float[rows];
      for (int r = 0; r < rows; r++) {
        means[r] = (float) mean(r);
      }
      return means;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0,8", "1,1", "1,7", "3,8", "2,9", "5,33", "70,64", "3,257", "1,9001", "300,48", "40,1030"
  })
  void rmsNormDividesRowsByTheirRootMeanSquare(int rows, int width) {
    Data data = new Data(rows, width, 0);
    MemorySegment x = memory(data.x);
    MemorySegment weight = memory(data.weight);
    check(
        (kernels, out) -> kernels.norm().rmsNorm(x, weight, out[0], out[1], rows, width, EPSILON),
        2e-6,
        List.of(new float[rows * width], new float[rows]),
        List.of(data.forRows(row -> rmsNormRow(row, data.weight)), doubles(data.inverses(false))));
  }

  @ParameterizedTest
  @CsvSource({
    "0,8", "1,1", "1,7", "3,8", "2,9", "5,33", "70,64", "3,257", "1,500", "300,24", "1100,8"
  })
  void rmsNormBackwardAddsGradients(int rows, int width) {
    Data data = new Data(rows, width, 0);
    MemorySegment x = memory(data.x);
    MemorySegment weight = memory(data.weight);
    MemorySegment dOut = memory(data.dOut);
    MemorySegment inverse = memory(data.inverses(false));
    float[] dx = normal(rows * width);
    float[] dWeight = normal(width);
    float[] ones = new float[width];
    Arrays.fill(ones, 1);
    check(
        (kernels, out) ->
            kernels.norm().rmsNormBackward(dOut, x, weight, inverse, out[0], out[1], rows, width),
        2e-5,
        List.of(dx, dWeight),
        List.of(
            data.xGradient(dx, row -> rmsNormRow(row, data.weight)),
            data.columnSums(dWeight, data.forRows(row -> rmsNormRow(row, ones)))));
  }

  @ParameterizedTest
  @CsvSource({"0,8", "1,7", "3,8", "2,9", "5,33", "70,64", "3,257", "1,9001", "300,48", "40,1030"})
  void layerNormCentresAndScalesRows(int rows, int width) {
    Data data = new Data(rows, width, 10);
    MemorySegment x = memory(data.x);
    MemorySegment weight = memory(data.weight);
    MemorySegment bias = memory(data.bias);
    check(
        (kernels, out) ->
            kernels.norm().layerNorm(x, weight, bias, out[0], out[1], out[2], rows, width, EPSILON),
        5e-6,
        List.of(new float[rows * width], new float[rows], new float[rows]),
        List.of(
            data.forRows(row -> layerNormRow(row, data.weight, data.bias)),
            doubles(data.means()),
            doubles(data.inverses(true))));
  }

  @ParameterizedTest
  @CsvSource({"0,8", "1,7", "3,8", "2,9", "5,33", "70,64", "3,257", "1,500", "300,24", "1100,8"})
  void layerNormBackwardAddsGradients(int rows, int width) {
    Data data = new Data(rows, width, 10);
    MemorySegment x = memory(data.x);
    MemorySegment weight = memory(data.weight);
    MemorySegment dOut = memory(data.dOut);
    MemorySegment mean = memory(data.means());
    MemorySegment inverse = memory(data.inverses(true));
    float[] dx = normal(rows * width);
    float[] dWeight = normal(width);
    float[] dBias = normal(width);
    float[] ones = new float[width];
    Arrays.fill(ones, 1);
    double[] all = new double[rows * width];
    Arrays.fill(all, 1);
    check(
        (kernels, out) ->
            kernels
                .norm()
                .layerNormBackward(
                    dOut, x, weight, mean, inverse, out[0], out[1], out[2], rows, width),
        3e-5,
        List.of(dx, dWeight, dBias),
        List.of(
            data.xGradient(dx, row -> layerNormRow(row, data.weight, data.bias)),
            data.columnSums(
                dWeight, data.forRows(row -> layerNormRow(row, ones, new float[width]))),
            data.columnSums(dBias, all)));
  }
}
