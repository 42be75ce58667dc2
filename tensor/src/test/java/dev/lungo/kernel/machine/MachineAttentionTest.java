package dev.lungo.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Attention in machine code against the scalar kernels, at sizes on all sides of panels and
/// blocks.
class MachineAttentionTest {
  private final Random random = new Random(9);

  static Stream<AttentionShape> shapes() {
    return Stream.of(
        AttentionShape.training(1, 13, 1, 1, 16),
        AttentionShape.training(2, 33, 4, 2, 16),
        AttentionShape.training(1, 79, 2, 2, 80),
        AttentionShape.training(1, 257, 2, 1, 64),
        AttentionShape.training(2, 97, 2, 2, 48),
        AttentionShape.training(1, 700, 3, 1, 32),
        AttentionShape.training(1, 130, 1, 1, 256),
        new AttentionShape(1, 40, 301, 320, 4, 2, 32, true, 0.2f),
        new AttentionShape(2, 96, 96, 100, 2, 2, 32, false, 0.3f),
        AttentionShape.cross(2, 33, 61, 4, 2, 16),
        AttentionShape.cross(1, 100, 300, 2, 2, 128),
        AttentionShape.training(1, 300, 2, 1, 32).with(AttentionShape.withinWindow(1)),
        AttentionShape.training(1, 300, 2, 1, 32).with(AttentionShape.withinWindow(40)),
        AttentionShape.training(1, 300, 2, 1, 32).with(AttentionShape.withinWindow(1000)),
        AttentionShape.training(3, 50, 2, 1, 32).withKeyLengths(List.of(50, 7, 33)),
        AttentionShape.cross(2, 33, 61, 4, 2, 16).withKeyLengths(List.of(1, 60)),
        AttentionShape.training(1, 60, 2, 1, 32).with(AttentionPattern.EVERYTHING));
  }

  /// Scores that fall with the distance to a key, from some keys on out of reach.
  static Stream<AttentionShape> biased() {
    return Stream.of(
            AttentionShape.training(1, 13, 1, 1, 16),
            AttentionShape.training(2, 33, 4, 2, 16),
            AttentionShape.training(1, 530, 8, 4, 32),
            AttentionShape.training(1, 257, 12, 1, 64),
            AttentionShape.training(1, 700, 3, 1, 48).with(AttentionShape.withinWindow(310)),
            AttentionShape.training(3, 50, 2, 1, 32).withKeyLengths(List.of(50, 7, 33)),
            AttentionShape.training(1, 500, 2, 1, 32).with(AttentionPattern.EVERYTHING),
            AttentionShape.cross(2, 100, 61, 4, 2, 16),
            AttentionShape.cross(2, 33, 500, 4, 2, 16).withKeyLengths(List.of(1, 470)),
            new AttentionShape(1, 140, 1301, 1320, 4, 2, 32, true, 0.2f))
        .map(AttentionShape::withAlibi);
  }

  static Stream<AttentionShape> fewBiased() {
    return fewQueries().map(AttentionShape::withAlibi);
  }

  /// Scores that are bounded, also far below what they would be.
  static Stream<AttentionShape> capped() {
    return shapes().map(MachineAttentionTest::capped);
  }

  static Stream<AttentionShape> fewCapped() {
    return fewQueries().map(MachineAttentionTest::capped);
  }

  private static AttentionShape capped(AttentionShape shape) {
    return new AttentionShape(
        shape.batch(),
        shape.queries(),
        shape.keys(),
        shape.keyCapacity(),
        shape.heads(),
        shape.kvHeads(),
        shape.headDim(),
        shape.scale(),
        shape.pattern(),
        false,
        5,
        shape.keyLengths());
  }

  /// A few queries whose heads share keys with many, with a few, or with none, on both sides of the
  /// bound between two stretches.
  static Stream<AttentionShape> fewQueries() {
    return Stream.of(
        decode(1, 1, 1, 16, 1, 16),
        decode(1, 1, 95, 8, 1, 64),
        decode(2, 3, 113, 32, 2, 32),
        decode(1, 12, 3080, 20, 1, 32),
        decode(1, 3, 4036, 16, 1, 48),
        decode(1, 2, 300, 24, 2, 64).with(AttentionShape.withinWindow(133)),
        decode(1, 2, 6145, 16, 1, 128),
        decode(1, 5, 200, 16, 1, 16).with(AttentionShape.withinWindow(1)),
        decode(1, 5, 3200, 16, 2, 32).with(AttentionShape.withinWindow(150)),
        decode(2, 3, 100, 16, 1, 16)
            .with(AttentionPattern.EVERYTHING)
            .withKeyLengths(List.of(3, 97)),
        decode(1, 1, 2500, 32, 8, 128),
        decode(2, 3, 1100, 28, 4, 64).with(AttentionShape.withinWindow(1030)),
        decode(1, 1, 1, 1, 1, 16),
        decode(2, 1, 16, 2, 2, 64),
        decode(1, 1, 95, 7, 7, 48),
        decode(2, 3, 113, 12, 4, 32),
        decode(1, 12, 3080, 6, 2, 16),
        decode(1, 12, 3080, 12, 2, 16),
        decode(2, 3, 113, 25, 5, 32),
        decode(1, 5, 3200, 15, 3, 32).with(AttentionShape.withinWindow(150)),
        decode(1, 1, 2500, 40, 1, 64),
        decode(1, 2, 6145, 8, 1, 128),
        decode(1, 1, 2500, 24, 3, 80),
        decode(1, 2, 6145, 4, 4, 256),
        decode(1, 1, 700, 3, 1, 144),
        decode(1, 5, 200, 4, 4, 16).with(AttentionShape.withinWindow(1)),
        decode(1, 5, 3200, 4, 2, 32).with(AttentionShape.withinWindow(150)),
        decode(2, 3, 100, 8, 8, 16)
            .with(AttentionPattern.EVERYTHING)
            .withKeyLengths(List.of(3, 97)));
  }

  private static AttentionShape decode(
      int batch, int queries, int keys, int heads, int kvHeads, int headDim) {
    return new AttentionShape(batch, queries, keys, keys + 3, heads, kvHeads, headDim, true, 0.3f);
  }

  private float[] normal(int count, double deviation) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return values;
  }

  /// The operands of a call, and room that lies behind what is written.
  private record Call(AttentionShape shape, float[] q, float[] k, float[] v) {
    float[][] run(String name, int threads) {
      try (Kernels kernels = MachineOrVector.open(name, threads);
          Arena arena = Arena.ofShared()) {
        MemorySegment out = arena.allocateFrom(ValueLayout.JAVA_FLOAT, guarded(q.length, 77));
        int sums = shape.batch() * shape.heads() * shape.queries();
        MemorySegment logSumExp = arena.allocateFrom(ValueLayout.JAVA_FLOAT, guarded(sums, 77));
        MachineOrVector.attention(kernels, name)
            .attention(
                shape,
                arena.allocateFrom(ValueLayout.JAVA_FLOAT, q),
                arena.allocateFrom(ValueLayout.JAVA_FLOAT, k),
                arena.allocateFrom(ValueLayout.JAVA_FLOAT, v),
                out,
                logSumExp);
        return new float[][] {
          out.toArray(ValueLayout.JAVA_FLOAT), logSumExp.toArray(ValueLayout.JAVA_FLOAT)
        };
      }
    }

    /// Values that are all the same, and 40 more that nobody may touch.
    static float[] guarded(int count, float value) {
      float[] values = new float[count + 40];
      Arrays.fill(values, value);
      return values;
    }
  }

  private Call call(AttentionShape shape, double deviation) {
    int keys = shape.batch() * shape.keyCapacity() * shape.kvHeads() * shape.headDim();
    return new Call(
        shape,
        normal(shape.batch() * shape.queries() * shape.heads() * shape.headDim(), deviation),
        normal(keys, deviation),
        normal(keys, 1));
  }

  @ParameterizedTest
  @MethodSource({"shapes", "biased", "capped", "fewQueries", "fewBiased", "fewCapped"})
  void outputsAreThoseOfTheFormula(AttentionShape shape) {
    for (double deviation : new double[] {0.5, 6}) {
      Call call = call(shape, deviation);
      float[][] expected = call.run("scalar", 1);
      for (String name : MachineOrVector.attentions()) {
        float[][] actual = call.run(name, 1);
        for (int o = 0; o < 2; o++) {
          for (int i = 0; i < expected[o].length; i++) {
            float allowed = 1e-5f * (1 + Math.abs(expected[o][i])) * (deviation > 1 ? 10 : 1);
            assertThat(Math.abs(actual[o][i] - expected[o][i]))
                .as("%s, %s, output %d, %d: %s", name, shape, o, i, actual[o][i])
                .isLessThanOrEqualTo(allowed);
          }
        }
        assertThat(call.run(name, 3)).isDeepEqualTo(actual);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, false", "2, false", "4, false", "16, false", "1, true", "4, true", "16, true"})
  void fewQueriesTogetherHaveTheBitsOfEach(int kvHeads, boolean alibi) {
    AttentionShape unbiased = decode(1, 12, 3080, 16, kvHeads, 32);
    AttentionShape together = alibi ? unbiased.withAlibi() : unbiased;
    Call call = call(together, 1);
    int width = 16 * 32;
    for (String name : MachineOrVector.attentions()) {
      float[] expected = call.run(name, 2)[0];
      for (int query = 0; query < 12; query++) {
        AttentionShape alone =
            new AttentionShape(1, 1, 3080 - 11 + query, 3083, 16, kvHeads, 32, true, 0.3f);
        float[] q = Arrays.copyOfRange(call.q, query * width, (query + 1) * width);
        Call one = new Call(alibi ? alone.withAlibi() : alone, q, call.k, call.v);
        float[] out = one.run(name, 1)[0];
        assertThat(Arrays.copyOf(out, width))
            .isEqualTo(Arrays.copyOfRange(expected, query * width, (query + 1) * width));
      }
    }
  }

  /// dq, dk and dv, added to what is there.
  private static float[][] gradients(String name, int threads, Call call, float[] dOut) {
    AttentionShape shape = call.shape;
    try (Kernels kernels = MachineOrVector.open(name, threads);
        Arena arena = Arena.ofShared()) {
      MemorySegment q = arena.allocateFrom(ValueLayout.JAVA_FLOAT, call.q);
      MemorySegment k = arena.allocateFrom(ValueLayout.JAVA_FLOAT, call.k);
      MemorySegment v = arena.allocateFrom(ValueLayout.JAVA_FLOAT, call.v);
      MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, call.q.length);
      long sums = (long) shape.batch() * shape.heads() * shape.queries();
      MemorySegment logSumExp = arena.allocate(ValueLayout.JAVA_FLOAT, sums);
      AttentionKernels attention = MachineOrVector.attention(kernels, name);
      attention.attention(shape, q, k, v, out, logSumExp);
      MemorySegment dq =
          arena.allocateFrom(ValueLayout.JAVA_FLOAT, Call.guarded(call.q.length, 0.25f));
      MemorySegment dk =
          arena.allocateFrom(ValueLayout.JAVA_FLOAT, Call.guarded(call.k.length, 0.25f));
      MemorySegment dv =
          arena.allocateFrom(ValueLayout.JAVA_FLOAT, Call.guarded(call.k.length, 0.25f));
      MemorySegment d = arena.allocateFrom(ValueLayout.JAVA_FLOAT, dOut);
      attention.attentionBackward(shape, d, q, k, v, out, logSumExp, dq, dk, dv);
      return new float[][] {
        dq.toArray(ValueLayout.JAVA_FLOAT),
        dk.toArray(ValueLayout.JAVA_FLOAT),
        dv.toArray(ValueLayout.JAVA_FLOAT)
      };
    }
  }

  @ParameterizedTest
  @MethodSource({"shapes", "biased", "capped"})
  void gradientsAreThoseOfTheFormula(AttentionShape shape) {
    Call call = call(shape, 0.7);
    float[] dOut = normal(call.q.length, 0.5);
    float[][] expected = gradients("scalar", 1, call, dOut);
    for (String name : MachineOrVector.attentions()) {
      float[][] actual = gradients(name, 1, call, dOut);
      for (int o = 0; o < 3; o++) {
        for (int i = 0; i < expected[o].length; i++) {
          assertThat(Math.abs(actual[o][i] - expected[o][i]))
              .as("%s, %s, gradient %d, %d: %s", name, shape, o, i, actual[o][i])
              .isLessThanOrEqualTo(1e-4f);
        }
      }
      assertThat(gradients(name, 3, call, dOut)).isDeepEqualTo(actual);
    }
  }

  /// Values so far away that their weights are 0 are not read, on either side; others are.
  @Test
  void whatIsOutOfReachIsNotRead() {
    Assumptions.assumeThat(MachineOrVector.NAME).isEqualTo("machine");
    int length = 900;
    int heads = 8;
    int width = heads * 16;
    AttentionShape shape =
        AttentionShape.training(1, length, heads, heads, 16)
            .with(AttentionPattern.EVERYTHING)
            .withAlibi();
    Call call = call(shape, 0.5);
    for (int head = 0; head < heads; head++) {
      call.v()[450 * width + head * 16] = Float.NaN;
    }
    for (String name : MachineOrVector.attentions()) {
      float[] out = call.run(name, 1)[0];
      for (int query : new int[] {0, length - 1}) {
        // Weights of at most e^-200, and of at least e^-60.
        assertThat(out[query * width]).as("%d", query).isFinite();
        assertThat(out[query * width + 2 * 16]).as("%d", query).isNaN();
      }
    }
  }

  private static void assertNear(float[] actual, float[] expected, float distance) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("%d", i).isCloseTo(expected[i], within(distance));
    }
  }

  /// Whatever the distance: keys whose products with a query are as much larger.
  @Test
  void scoresCanMakeUpForDistance() {
    int length = 420;
    for (AttentionPattern pattern : List.of(AttentionPattern.CAUSAL, AttentionPattern.EVERYTHING)) {
      AttentionShape shape = AttentionShape.training(1, length, 8, 8, 32).with(pattern).withAlibi();
      Call call = call(shape, 0.1);
      for (int head = 0; head < 8; head++) {
        float nearest = (float) (Alibi.slope(head, 8) * length / shape.scale());
        for (int position = 0; position < length; position++) {
          call.q()[(position * 8 + head) * 32] = 1;
          // As steep as the bias, and steeper than it.
          float steeper = position % 3 == 0 ? 1.05f : 1;
          call.k()[(position * 8 + head) * 32] = steeper * nearest * (length - position) / length;
        }
      }
      float[][] expected = call.run("scalar", 1);
      float[] dOut = normal(call.q.length, 0.5);
      float[][] gradients = gradients("scalar", 1, call, dOut);
      for (String name : MachineOrVector.attentions()) {
        float[][] actual = call.run(name, 2);
        float[][] actualGradients = gradients(name, 2, call, dOut);
        assertNear(actual[0], expected[0], 2e-4f);
        assertNear(actual[1], expected[1], 1e-3f);
        // Keys are up to 1,200 long, and gradients of queries by as much less exact.
        assertNear(actualGradients[0], gradients[0], 6e-3f);
        assertNear(actualGradients[1], gradients[1], 2e-3f);
        assertNear(actualGradients[2], gradients[2], 2e-3f);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 150})
  void whatIsNoNumberReachesOnlyQueriesThatSeeIt(int queries) {
    AttentionShape shape = new AttentionShape(1, queries, 150, 150, 1, 1, 16, true, 0.25f);
    for (int key : new int[] {100, 148, 149}) {
      Call call = call(shape, 1);
      call.k()[key * 16 + 3] = Float.NaN;
      for (String name : MachineOrVector.attentions()) {
        float[][] results = call.run(name, 1);
        for (int query = 0; query < queries; query++) {
          boolean sees = shape.position(query) >= key;
          assertThat(Float.isNaN(results[0][query * 16])).as("query %d", query).isEqualTo(sees);
          assertThat(Float.isNaN(results[1][query])).as("query %d", query).isEqualTo(sees);
        }
      }
    }
  }

  @Test
  void whatIsNoNumberReachesOnlyHeadsThatReadIt() {
    for (int kvHeads : new int[] {1, 2, 16}) {
      AttentionShape shape = decode(1, 1, 50, 16, kvHeads, 16);
      Call call = call(shape, 1);
      call.v()[(40 * kvHeads + kvHeads - 1) * 16] = Float.NaN;
      for (String name : MachineOrVector.attentions()) {
        float[] out = call.run(name, 1)[0];
        for (int head = 0; head < 16; head++) {
          boolean reads = head >= 16 - 16 / kvHeads;
          assertThat(Float.isNaN(out[head * 16])).as("head %d", head).isEqualTo(reads);
          assertThat(out[head * 16 + 1]).isFinite();
        }
      }
    }
  }
}
