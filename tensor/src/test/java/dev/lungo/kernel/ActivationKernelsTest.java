package dev.lungo.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ActivationKernelsTest extends KernelContract {
  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  private static double gelu(double x) {
    return x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  }

  private static double slope(DoubleUnaryOperator function, double x) {
    return (function.applyAsDouble(x + 1e-5) - function.applyAsDouble(x - 1e-5)) / 2e-5;
  }

  /// Draws values that reach into both flat ends of the functions.
  private float[] spread(int count) {
    float[] values = normal(count);
    for (int i = 0; i < count; i++) {
      values[i] *= i % 5 == 0 ? 40 : 2;
    }
    return values;
  }

  private static double[] each(float[] a, float[] b, DoubleBinaryOperator function) {
    double[] out = new double[a.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = function.applyAsDouble(a[i], b[i]);
    }
    return out;
  }

  private static double[] sum(float[] start, double[] added) {
    double[] out = doubles(start);
    for (int i = 0; i < out.length; i++) {
      out[i] += added[i];
    }
    return out;
  }

  private static double[] times(float[] a, double[] b) {
    double[] out = doubles(a);
    for (int i = 0; i < out.length; i++) {
      out[i] *= b[i];
    }
    return out;
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8192, 8193, 30_001})
  void swiGluGatesByTheSigmoid(int count) {
    float[] gateValues = spread(count);
    float[] upValues = normal(count);
    float[] dOutValues = normal(count);
    MemorySegment gate = memory(gateValues);
    MemorySegment up = memory(upValues);
    MemorySegment dOut = memory(dOutValues);
    check(
        (kernels, out) -> kernels.activation().swiGlu(gate, up, out[0], count),
        1e-6,
        List.of(normal(count)),
        List.of(each(gateValues, upValues, (g, u) -> silu(g) * u)));
    float[] dGate = normal(count);
    float[] dUp = normal(count);
    check(
        (kernels, out) ->
            kernels.activation().swiGluBackward(dOut, gate, up, out[0], out[1], count),
        2e-6,
        List.of(dGate, dUp),
        List.of(
            sum(
                dGate,
                times(
                    dOutValues,
                    each(
                        gateValues,
                        upValues,
                        (g, u) -> slope(ActivationKernelsTest::silu, g) * u))),
            sum(dUp, times(dOutValues, each(gateValues, upValues, (g, u) -> silu(g))))));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8192, 8193, 30_001})
  void geluFollowsItsTanhApproximation(int count) {
    float[] values = spread(count);
    float[] dOutValues = normal(count);
    MemorySegment x = memory(values);
    MemorySegment dOut = memory(dOutValues);
    check(
        (kernels, out) -> kernels.activation().geluTanh(x, out[0], count),
        1e-6,
        List.of(normal(count)),
        List.of(each(values, values, (v, same) -> gelu(v))));
    float[] dx = normal(count);
    check(
        (kernels, out) -> kernels.activation().geluTanhBackward(dOut, x, out[0], count),
        1e-5,
        List.of(dx),
        List.of(
            sum(
                dx,
                times(
                    dOutValues,
                    each(values, values, (v, same) -> slope(ActivationKernelsTest::gelu, v))))));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8192, 8193, 30_001})
  void geGluGatesByGelu(int count) {
    float[] gateValues = spread(count);
    float[] upValues = normal(count);
    float[] dOutValues = normal(count);
    MemorySegment gate = memory(gateValues);
    MemorySegment up = memory(upValues);
    MemorySegment dOut = memory(dOutValues);
    check(
        (kernels, out) -> kernels.activation().geGlu(gate, up, out[0], count),
        1e-6,
        List.of(normal(count)),
        List.of(each(gateValues, upValues, (g, u) -> gelu(g) * u)));
    float[] dGate = normal(count);
    float[] dUp = normal(count);
    check(
        (kernels, out) -> kernels.activation().geGluBackward(dOut, gate, up, out[0], out[1], count),
        1e-5,
        List.of(dGate, dUp),
        List.of(
            sum(
                dGate,
                times(
                    dOutValues,
                    each(
                        gateValues,
                        upValues,
                        (g, u) -> slope(ActivationKernelsTest::gelu, g) * u))),
            sum(dUp, times(dOutValues, each(gateValues, upValues, (g, u) -> gelu(g))))));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8192, 8193, 30_001})
  void softCapBoundsSmoothly(int count) {
    float cap = 3;
    float[] values = spread(count);
    float[] dOutValues = normal(count);
    MemorySegment x = memory(values);
    MemorySegment dOut = memory(dOutValues);
    double[] bounded = each(values, values, (v, same) -> cap * Math.tanh(v / cap));
    check(
        (kernels, out) -> kernels.activation().softCap(x, out[0], count, cap),
        1e-6,
        List.of(normal(count)),
        List.of(bounded));
    float[] results = new float[count];
    for (int i = 0; i < count; i++) {
      results[i] = (float) bounded[i];
    }
    MemorySegment saved = memory(results);
    float[] dx = normal(count);
    check(
        (kernels, out) -> kernels.activation().softCapBackward(dOut, saved, out[0], count, cap),
        2e-6,
        List.of(dx),
        List.of(
            sum(
                dx,
                times(
                    dOutValues,
                    each(values, values, (v, same) -> slope(w -> cap * Math.tanh(w / cap), v))))));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 33, 64, 257, 8191, 8192, 8193, 30_001})
  void reluCutsBelowZero(int count) {
    float[] values = spread(count);
    float[] dOutValues = normal(count);
    MemorySegment x = memory(values);
    MemorySegment dOut = memory(dOutValues);
    check(
        (kernels, out) -> kernels.activation().relu(x, out[0], count),
        0,
        List.of(normal(count)),
        List.of(each(values, values, (v, same) -> v > 0 ? v : 0)));
    float[] dx = normal(count);
    check(
        (kernels, out) -> kernels.activation().reluBackward(dOut, x, out[0], count),
        1e-7,
        List.of(dx),
        List.of(sum(dx, each(dOutValues, values, (d, v) -> v > 0 ? d : 0))));
  }

  /// A run that diverges must show it: no kernel may turn NaN into a number.
  @Test
  void notANumberStaysNotANumber() {
    float[] values = normal(19);
    values[3] = Float.NaN;
    values[17] = Float.NaN;
    try (Arena arena = Arena.ofShared()) {
      for (String name : KernelChoice.names()) {
        try (Kernels kernels = KernelChoice.open(name, 1)) {
          MemorySegment x = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, values);
          MemorySegment out = arena.allocate(19 * 4, 4);
          kernels.activation().swiGlu(x, x, out, 19);
          assertNanAt3And17(name + " swiGlu", out);
          kernels.activation().geluTanh(x, out, 19);
          assertNanAt3And17(name + " gelu", out);
          kernels.activation().geGlu(x, x, out, 19);
          assertNanAt3And17(name + " geGlu", out);
          kernels.activation().softCap(x, out, 19, 2);
          assertNanAt3And17(name + " softCap", out);
          kernels.activation().relu(x, out, 19);
          assertNanAt3And17(name + " relu", out);
        }
      }
    }
  }

  private static void assertNanAt3And17(String what, MemorySegment out) {
    for (int i = 0; i < 19; i++) {
      assertThat(Float.isNaN(out.getAtIndex(JAVA_FLOAT_UNALIGNED, i)))
          .as(what + " " + i)
          .isEqualTo(i == 3 || i == 17);
    }
  }
}
