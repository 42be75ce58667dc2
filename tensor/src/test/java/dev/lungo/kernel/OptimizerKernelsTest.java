package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OptimizerKernelsTest extends KernelContract {
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8193, 30_001})
  void adamWStepsAsThePaperSays(int count) {
    float[] p = normal(count);
    float[] m = normal(count);
    float[] v = normal(count);
    float[] g = normal(count);
    double clip = 0.5;
    double rate = 0.01;
    double decay = 0.1;
    int step = 3;
    double[] newP = new double[count];
    double[] newM = new double[count];
    double[] newV = new double[count];
    for (int i = 0; i < count; i++) {
      v[i] = Math.abs(v[i]);
      double gradient = g[i] * clip;
      newM[i] = 0.9 * m[i] + 0.1 * gradient;
      newV[i] = 0.95 * v[i] + 0.05 * gradient * gradient;
      double corrected = newM[i] / (1 - Math.pow(0.9, step));
      double spread = Math.sqrt(newV[i] / (1 - Math.pow(0.95, step)));
      newP[i] = p[i] - rate * decay * p[i] - rate * corrected / (spread + 1e-8);
    }
    MemorySegment gradient = memory(g);
    check(
        (kernels, out) ->
            kernels
                .optimizer()
                .adamW(
                    out[0],
                    gradient,
                    out[1],
                    out[2],
                    count,
                    (float) clip,
                    (float) rate,
                    0.9f,
                    0.95f,
                    1e-8f,
                    (float) decay,
                    step),
        2e-6,
        List.of(p, m, v),
        List.of(newP, newM, newV));
  }
}
