package dev.lungo.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Weights whose scores, powers of 2 to be, are chosen: near those of the first block, at the
/// bounds of what is in reach of its reference, and far beyond.
class TileWeightsTest {
  private static final int HEAD_DIM = 16;
  private static final int KEYS = 400;

  /// From so many keys on a block is not the first, for panels of one vector and of two.
  private static final int LATER = 130;

  private final Random random = new Random(4);

  /// Scores of the base 2 when a query is 1 in its first place: the keys' first numbers.
  private static AttentionShape shape(int heads) {
    return new AttentionShape(1, 1, KEYS, KEYS, heads, 1, HEAD_DIM, true, (float) Math.log(2));
  }

  private float[] outputs(String name, int heads, float[] scores, float[] values) {
    float[] q = new float[heads * HEAD_DIM];
    for (int head = 0; head < heads; head++) {
      q[head * HEAD_DIM] = 1;
    }
    float[] k = new float[KEYS * HEAD_DIM];
    for (int key = 0; key < KEYS; key++) {
      k[key * HEAD_DIM] = scores[key];
    }
    try (Kernels kernels = MachineOrVector.open(name, 1);
        Arena arena = Arena.ofShared()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, q.length);
      MachineOrVector.attention(kernels, name)
          .attention(
              shape(heads),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, q),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, k),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, values),
              out,
              arena.allocate(ValueLayout.JAVA_FLOAT, heads));
      return out.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  private static double[] expected(float[] scores, float[] values) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float score : scores) {
      largest = Math.max(largest, score);
    }
    double[] sums = new double[HEAD_DIM];
    double sum = 0;
    for (int key = 0; key < KEYS; key++) {
      double weight = Math.pow(2, scores[key] - largest);
      sum += weight;
      for (int d = 0; d < HEAD_DIM; d++) {
        sums[d] += weight * values[key * HEAD_DIM + d];
      }
    }
    for (int d = 0; d < HEAD_DIM; d++) {
      sums[d] /= sum;
    }
    return sums;
  }

  private void check(float[] scores) {
    float[] values = new float[KEYS * HEAD_DIM];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    double[] expected = expected(scores, values);
    for (String name : MachineOrVector.attentions()) {
      for (int heads : new int[] {3, 5, 8, 16}) {
        float[] out = outputs(name, heads, scores, values);
        for (int i = 0; i < out.length; i++) {
          assertThat((double) out[i])
              .as("%s, %d heads, output %d", name, heads, i)
              .isCloseTo(
                  expected[i % HEAD_DIM], within(2e-6 * (1 + Math.abs(expected[i % HEAD_DIM]))));
        }
      }
    }
  }

  private float[] near(float reference) {
    float[] scores = new float[KEYS];
    for (int key = 0; key < KEYS; key++) {
      scores[key] = reference + (float) random.nextGaussian();
    }
    return scores;
  }

  @ParameterizedTest
  @ValueSource(
      floats = {
        0, 0.5f, -0.5f, 11, 11.49f, 11.5f, 11.53f, 12, 13, 64, 126, 127, 128, 135, 200, 1e4f, 1e7f,
        -11, -80, -115, -116, -116.5f, -117, -125, -126, -127, -128, -200, -1e4f, -1e7f, 1e30f,
        -1e30f
      })
  void oneScoreFarFromTheOthersHasItsWeight(float distance) {
    for (float reference : new float[] {0, 5.3f, -70}) {
      for (int key : new int[] {0, LATER, KEYS - 1}) {
        float[] scores = near(reference);
        scores[key] = reference + distance;
        check(scores);
      }
    }
  }

  /// Whole numbers below those that the large number is added to, with few bits.
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 8, 12, 32, 48, 128, 192, 129, 4194304, 6291456, 8388608, 12582912})
  void scoresSoFarBelowThatTheyLoseTheirBitsHaveNoWeight(int rest) {
    for (int moreOrLess = -120; moreOrLess <= 4; moreOrLess++) {
      float[] scores = near(0);
      // Its reference is that of the first block, a whole number.
      scores[0] = 8;
      scores[LATER] = -12_582_912 + rest + moreOrLess;
      check(scores);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {1e5f, 2e6f, 4.1e6f, 4.2e6f, 8.4e6f, 10_000_001, 3e7f, 1e9f, 1e20f})
  void scoresMayBeLargeAllTogether(float size) {
    for (float sign : new float[] {1, -1}) {
      float[] scores = new float[KEYS];
      for (int key = 0; key < KEYS; key++) {
        // As near as floats of that size are.
        scores[key] = sign * (size + random.nextInt(4) * Math.ulp(size));
      }
      check(scores);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void whatIsNoNumberStaysNone(float score) {
    for (int key : new int[] {0, LATER, KEYS - 1}) {
      float[] scores = near(0);
      scores[key] = score;
      float[] values = new float[KEYS * HEAD_DIM];
      Arrays.fill(values, 1);
      for (String name : MachineOrVector.attentions()) {
        for (float out : outputs(name, 8, scores, values)) {
          assertThat(out).isNaN();
        }
      }
    }
  }
}
