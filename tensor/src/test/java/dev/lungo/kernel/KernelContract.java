package dev.lungo.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/// What every implementation of the kernels owes: values within a tolerance of the formula in
/// float64, the same bits for 1, 2 and 3 threads, gradients added to what was there, and nothing
/// written beyond the result.
abstract class KernelContract {
  private static final int MOST_THREADS = 3;
  private static final float GUARD = 12345.678f;
  private static final int GUARDS = 32;

  /// Each implementation that runs here, by its name, with 1, 2 and 3 threads.
  private static final Map<String, List<Kernels>> ALL = new LinkedHashMap<>();

  final Random random = new Random(20_17);
  private Arena arena;

  @BeforeAll
  static void openEveryImplementation() {
    for (String name : KernelChoice.names()) {
      List<Kernels> same = new ArrayList<>();
      for (int threads = 1; threads <= MOST_THREADS && runs(name); threads++) {
        same.add(KernelChoice.open(name, threads));
      }
      ALL.put(name, same);
    }
    assertThat(ALL.get("vector")).hasSize(MOST_THREADS);
    assertThat(ALL.get("scalar")).hasSize(MOST_THREADS);
  }

  /// Machine code is for some processors; the others run everywhere.
  private static boolean runs(String name) {
    return !name.equals("machine") || KernelChoice.obstacle(name).isEmpty();
  }

  @AfterAll
  static void closeThem() {
    ALL.values().forEach(same -> same.forEach(Kernels::close));
    ALL.clear();
  }

  @BeforeEach
  void openMemory() {
    arena = Arena.ofShared();
  }

  @AfterEach
  void freeMemory() {
    arena.close();
  }

  /// A call of one kernel; `outputs` are copies of what the check was given.
  @FunctionalInterface
  interface Call {
    void run(Kernels kernels, MemorySegment[] outputs);
  }

  /// Runs `call` on every implementation, on outputs that start as `start`, and compares them with
  /// `expected`.
  void check(Call call, double tolerance, List<float[]> start, List<double[]> expected) {
    for (String name : ALL.keySet()) {
      check(name, call, tolerance, start, expected);
    }
  }

  /// The same for one implementation; nothing where it does not run.
  void check(
      String name, Call call, double tolerance, List<float[]> start, List<double[]> expected) {
    List<Kernels> same = Objects.requireNonNull(ALL.get(name));
    int[][] bits = new int[start.size()][];
    for (int k = 0; k < same.size(); k++) {
      Kernels kernels = same.get(k);
      MemorySegment[] outputs = new MemorySegment[start.size()];
      for (int o = 0; o < outputs.length; o++) {
        outputs[o] = guarded(start.get(o));
      }
      call.run(kernels, outputs);
      for (int o = 0; o < outputs.length; o++) {
        float[] actual = floats(outputs[o]);
        compare(kernels.description() + ", output " + o, actual, expected.get(o), tolerance);
        if (k == 0) {
          bits[o] = bits(actual);
        }
        assertThat(bits(actual))
            .as("%s, output %d: bits as with one thread", kernels.description(), o)
            .isEqualTo(bits[o]);
      }
    }
  }

  private static void compare(String what, float[] actual, double[] expected, double tolerance) {
    assertThat(actual.length).as(what + ": length").isEqualTo(expected.length + GUARDS);
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * (1 + Math.abs(expected[i]));
      if (!(Math.abs(actual[i] - expected[i]) <= allowed)) {
        throw new AssertionError(
            what
                + ", element "
                + i
                + " of "
                + expected.length
                + ": "
                + actual[i]
                + " instead of "
                + expected[i]);
      }
    }
    for (int i = expected.length; i < actual.length; i++) {
      assertThat(actual[i]).as(what + ": the element after the end, " + i).isEqualTo(GUARD);
    }
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  /// Draws normally distributed values.
  float[] normal(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /// Allocates exactly the values: an implementation that reads beyond them fails.
  MemorySegment memory(float[] values) {
    return arena.allocateFrom(JAVA_FLOAT_UNALIGNED, values);
  }

  MemorySegment memory(byte[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, values);
  }

  MemorySegment memory(int[] values) {
    return arena.allocateFrom(JAVA_INT_UNALIGNED, values);
  }

  private MemorySegment guarded(float[] values) {
    MemorySegment segment = arena.allocate(4L * (values.length + GUARDS), 4);
    MemorySegment.copy(values, 0, segment, JAVA_FLOAT_UNALIGNED, 0, values.length);
    for (int i = 0; i < GUARDS; i++) {
      segment.setAtIndex(JAVA_FLOAT_UNALIGNED, values.length + i, GUARD);
    }
    return segment;
  }

  private static float[] floats(MemorySegment segment) {
    return segment.toArray(JAVA_FLOAT_UNALIGNED);
  }

  static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /// A function from arrays to arrays, in float64.
  @FunctionalInterface
  interface Formula {
    double[] apply(double[] x);
  }

  /// Adds to `start` the gradient of Σ dOut · formula(x) with respect to x, by central differences.
  static double[] withGradient(float[] start, float[] dOut, float[] x, Formula formula) {
    double[] gradient = doubles(start);
    double step = 1e-5;
    double[] moved = doubles(x);
    for (int i = 0; i < x.length; i++) {
      moved[i] = x[i] + step;
      double[] above = formula.apply(moved);
      moved[i] = x[i] - step;
      double[] below = formula.apply(moved);
      moved[i] = x[i];
      for (int o = 0; o < dOut.length; o++) {
        gradient[i] += dOut[o] * (above[o] - below[o]) / (2 * step);
      }
    }
    return gradient;
  }
}
