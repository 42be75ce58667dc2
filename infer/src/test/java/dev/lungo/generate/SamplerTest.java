package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplerTest {
  /// Natural logarithms of 0.4, 0.3, 0.15, 0.1, 0.05, shuffled and shifted.
  private static final double[] PROBABILITIES = {0.1, 0.4, 0.05, 0.3, 0.15};

  private static final float[] LOGITS = new float[PROBABILITIES.length];

  static {
    for (int i = 0; i < LOGITS.length; i++) {
      LOGITS[i] = (float) (Math.log(PROBABILITIES[i]) + 3);
    }
  }

  private static Sampler sampler(
      double temperature, int topK, double topP, double minP, double penalty, int vocabulary) {
    return new Sampler(
        new Sampler.Settings(
            (float) temperature, topK, (float) topP, (float) minP, (float) penalty, 64, 42),
        vocabulary);
  }

  private static double[] shares(Sampler sampler, float[] logits, int draws) {
    double[] shares = new double[logits.length];
    for (int i = 0; i < draws; i++) {
      shares[sampler.next(logits)] += 1.0 / draws;
    }
    return shares;
  }

  private static Set<Integer> drawn(Sampler sampler) {
    Set<Integer> ids = new TreeSet<>();
    for (int i = 0; i < 2000; i++) {
      ids.add(sampler.next(LOGITS));
    }
    return ids;
  }

  @Test
  void greedyTakesTheLikeliestAndTheFirstOfEquals() {
    Sampler greedy = new Sampler(Sampler.Settings.GREEDY, 5);
    assertThat(greedy.next(LOGITS)).isEqualTo(1);
    assertThat(greedy.next(new float[] {1, 2, 2, 2, 1})).isEqualTo(1);
    assertThat(greedy.next(new float[] {-1, -2, -2, -2, -1})).isZero();
  }

  @Test
  void drawsFollowTheProbabilities() {
    assertShares(shares(sampler(1, 0, 1, 0, 1, 5), LOGITS, 100_000), PROBABILITIES);
  }

  @Test
  void temperatureIsAPowerOfTheProbabilities() {
    double[] expected = new double[5];
    double sum = 0;
    for (int i = 0; i < 5; i++) {
      expected[i] = Math.pow(PROBABILITIES[i], 2);
      sum += expected[i];
    }
    for (int i = 0; i < 5; i++) {
      expected[i] /= sum;
    }
    assertShares(shares(sampler(0.5, 0, 1, 0, 1, 5), LOGITS, 100_000), expected);
  }

  @Test
  void filtersComeBeforeTheTemperature() {
    // At temperature 4 the probabilities are nearly equal; top-p 0.6 must still keep the two that
    // make 0.7 at 1.
    assertThat(drawn(sampler(4, 0, 0.6, 0, 1, 5))).containsExactly(1, 3);
    assertThat(drawn(sampler(4, 0, 1, 0.3, 1, 5))).containsExactly(1, 3, 4);
  }

  @ParameterizedTest
  @CsvSource({
    "2, 1.0, 0.0, '1,3'",
    "3, 1.0, 0.0, '1,3,4'",
    "99, 1.0, 0.0, '0,1,2,3,4'",
    "0, 0.3, 0.0, '1'",
    "0, 0.41, 0.0, '1,3'",
    "0, 0.71, 0.0, '1,3,4'",
    "0, 0.99, 0.0, '0,1,2,3,4'",
    "0, 1.0, 0.5, '1,3'",
    "0, 1.0, 1.0, '1'",
    "0, 1.0, 0.2, '0,1,3,4'",
    // Of the two that top-k leaves, the first has 4/7 of the probability.
    "2, 0.55, 0.0, '1'",
    "2, 0.6, 0.0, '1,3'",
    "4, 0.8, 0.5, '1,3'"
  })
  void filtersKeepWhatTheyShould(int topK, double topP, double minP, String expected) {
    Integer[] ids =
        Arrays.stream(expected.split(",")).map(Integer::valueOf).toArray(Integer[]::new);
    assertThat(drawn(sampler(1, topK, topP, minP, 1, 5))).containsExactly(ids);
  }

  @Test
  void filtersDoNotBendWhatTheyKeep() {
    assertShares(
        shares(sampler(1, 2, 1, 0, 1, 5), LOGITS, 100_000),
        new double[] {0, 4 / 7.0, 0, 3 / 7.0, 0});
  }

  private static void assertShares(double[] shares, double[] expected) {
    for (int i = 0; i < shares.length; i++) {
      // Five standard deviations of 100,000 draws.
      double tolerance = 5 * Math.sqrt(expected[i] * (1 - expected[i]) / 100_000) + 1e-9;
      assertThat(shares[i])
          .as("id " + i)
          .isBetween(expected[i] - tolerance, expected[i] + tolerance);
    }
  }

  @Test
  void theSameSeedDrawsTheSameFromEitherKindOfMemory() {
    SplittableRandom random = new SplittableRandom(3);
    Sampler one = sampler(0.8, 40, 0.9, 0.02, 1.1, 1000);
    Sampler two = sampler(0.8, 40, 0.9, 0.02, 1.1, 1000);
    Set<Integer> seen = new TreeSet<>();
    for (int step = 0; step < 200; step++) {
      float[] logits = new float[1000];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) random.nextGaussian(0, 3);
      }
      float[] before = logits.clone();
      int id = one.next(logits);
      assertThat(two.next(MemorySegment.ofArray(logits))).isEqualTo(id);
      assertThat(logits).isEqualTo(before);
      one.accept(id);
      two.accept(id);
      seen.add(id);
    }
    assertThat(seen).hasSizeGreaterThan(100);
  }

  @Test
  void repetitionIsPenalizedOnceForEachIdInTheWindow() {
    Sampler sampler = new Sampler(new Sampler.Settings(0, 0, 1, 0, 2, 3, 0), 4);
    float[] logits = {4, 3, -1, -1.5f};
    sampler.accept(0);
    sampler.accept(0);
    // 4 / 2 = 2 < 3, and not 4 / 4 = 1.
    assertThat(sampler.next(logits)).isEqualTo(1);
    assertThat(sampler.next(new float[] {4, 1.5f, 0, 0})).isZero();
    sampler.accept(1);
    assertThat(sampler.next(new float[] {4, 3, 1.9f, 0})).isZero();
    sampler.accept(1);
    sampler.accept(1);
    // The window of three has left id 0 behind.
    assertThat(sampler.next(logits)).isZero();
    sampler.forget();
    sampler.accept(2);
    // Negative logits are multiplied: -1 becomes -2.
    assertThat(sampler.next(new float[] {-9, -9, -1, -1.5f})).isEqualTo(3);
  }

  @Test
  void maskedIdsAreNeverChosen() {
    float[] logits = {0, Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY};
    Sampler sampler = sampler(5, 0, 1, 0, 1, 4);
    for (int i = 0; i < 1000; i++) {
      assertThat(sampler.next(logits)).isIn(0, 2);
    }
    assertThat(sampler(5, 4, 0.99, 0.01, 1, 4).next(logits)).isIn(0, 2);
  }

  @Test
  void brokenLogitsAreReported() {
    Sampler sampler = sampler(1, 0, 1, 0, 1, 2);
    for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> sampler.next(new float[] {0, broken}))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("logit 1 is");
    }
    float none = Float.NEGATIVE_INFINITY;
    assertThatThrownBy(() -> sampler.next(new float[] {none, none}))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> sampler.next(new float[3]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "-1,0,1,0,1,0",
    "NaN,0,1,0,1,0",
    "1,-1,1,0,1,0",
    "1,0,0,0,1,0",
    "1,0,1.1,0,1,0",
    "1,0,NaN,0,1,0",
    "1,0,1,-1,1,0",
    "1,0,1,2,1,0",
    "1,0,1,0,0,0",
    "1,0,1,0,Infinity,0",
    "1,0,1,0,1,-1"
  })
  void settingsOutOfRangeAreRefused(
      float temperature, int topK, float topP, float minP, float penalty, int window) {
    assertThatThrownBy(
            () -> new Sampler.Settings(temperature, topK, topP, minP, penalty, window, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be");
  }

  @Test
  void choosingAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    float[] logits = new float[4096];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    Sampler sampler = sampler(0.8, 40, 0.9, 0.02, 1.1, logits.length);
    long allocated = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 200; i++) {
        sampler.accept(sampler.next(logits));
      }
      allocated = Math.min(allocated, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(allocated).isLessThan(200);
  }
}
