package dev.lungo.kernel;

import dev.lungo.kernel.PositionKernels.RotaryLayout;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PositionKernelsTest extends KernelContract {
  private static final int START = 5;

  private final float[] cosine = new float[64 * 128];
  private final float[] sine = new float[64 * 128];

  private void fillTables(int pairs) {
    for (int p = 0; p < 64; p++) {
      for (int i = 0; i < pairs; i++) {
        double angle = p * Math.pow(10_000, -(double) i / pairs);
        cosine[p * pairs + i] = (float) Math.cos(angle);
        sine[p * pairs + i] = (float) Math.sin(angle);
      }
    }
  }

  private static double[] rotated(
      RotaryLayout layout,
      float[] x,
      float[] cosine,
      float[] sine,
      int rows,
      int length,
      int heads,
      int headDim,
      int turned,
      int sign) {
    int pairs = turned / 2;
    double[] out = doubles(x);
    for (int r = 0; r < rows; r++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < pairs; i++) {
          int angle = (START + r % length) * pairs + i;
          int head = (r * heads + h) * headDim;
          int first = head + (layout == RotaryLayout.HALVES ? i : 2 * i);
          int second = head + (layout == RotaryLayout.HALVES ? i + pairs : 2 * i + 1);
          double s = (double) sign * sine[angle];
          out[first] = x[first] * (double) cosine[angle] - x[second] * s;
          out[second] = x[first] * s + x[second] * (double) cosine[angle];
        }
      }
    }
    return out;
  }

  @ParameterizedTest
  @CsvSource({
    "0,1,1,8,8",
    "1,1,1,2,2",
    "3,3,1,6,6",
    "6,3,2,8,8",
    "4,2,3,10,10",
    "6,2,2,16,16",
    "5,5,1,18,18",
    "60,30,12,48,48",
    "40,20,3,128,128",
    "6,3,2,9,4",
    "6,3,2,64,46",
    "3,3,1,40,2"
  })
  void pairsTurnByTheirPositionsAngle(int rows, int length, int heads, int headDim, int turned) {
    fillTables(turned / 2);
    MemorySegment cos = memory(cosine);
    MemorySegment sin = memory(sine);
    float[] values = normal(rows * heads * headDim);
    MemorySegment x = memory(values);
    for (RotaryLayout layout : RotaryLayout.values()) {
      for (boolean inverse : new boolean[] {false, true}) {
        double[] expected =
            rotated(
                layout,
                values,
                cosine,
                sine,
                rows,
                length,
                heads,
                headDim,
                turned,
                inverse ? -1 : 1);
        check(
            (kernels, out) ->
                kernels
                    .position()
                    .rotate(
                        layout, x, out[0], cos, sin, rows, length, START, heads, headDim, turned,
                        inverse, false),
            1e-6,
            List.of(normal(values.length)),
            List.of(expected));
        check(
            (kernels, out) ->
                kernels
                    .position()
                    .rotate(
                        layout, out[0], out[0], cos, sin, rows, length, START, heads, headDim,
                        turned, inverse, false),
            1e-6,
            List.of(values),
            List.of(expected));
        float[] start = normal(values.length);
        double[] added = doubles(start);
        for (int i = 0; i < added.length; i++) {
          added[i] += expected[i];
        }
        check(
            (kernels, out) ->
                kernels
                    .position()
                    .rotate(
                        layout, x, out[0], cos, sin, rows, length, START, heads, headDim, turned,
                        inverse, true),
            1e-6,
            List.of(start),
            List.of(added));
      }
    }
  }
}
