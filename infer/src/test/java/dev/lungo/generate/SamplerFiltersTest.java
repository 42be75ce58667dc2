package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Typical sampling, mirostat, penalties and bias, on distributions small enough to compute by
/// hand.
class SamplerFiltersTest {
  private static Sampler.Settings settings(
      double typical, double frequency, double presence, Map<Integer, Float> bias) {
    return new Sampler.Settings(
        1,
        0,
        1,
        0,
        1,
        64,
        42,
        (float) typical,
        (float) frequency,
        (float) presence,
        Optional.empty(),
        bias);
  }

  private static Sampler.Settings mirostat(int version, double target, double rate) {
    return new Sampler.Settings(
        1,
        0,
        1,
        0,
        1,
        64,
        42,
        1,
        0,
        0,
        Optional.of(new Mirostat.Settings(version, target, rate)),
        Map.of());
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (Math.log(probabilities[i]) - 2);
    }
    return logits;
  }

  private static double[] distribution(Sampler sampler, float[] logits) {
    double[] probabilities = new double[logits.length];
    sampler.distribution(MemorySegment.ofArray(logits), probabilities);
    return probabilities;
  }

  private static void assertDistribution(double[] actual, double... expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).as("id %d", i).isCloseTo(expected[i], within(1e-6));
    }
  }

  /// Of 0.5, 0.25, 0.125, 0.125 the entropy is 1.75 bits, so the surprises 1, 2, 3, 3 bits are
  /// 0.75, 0.25, 1.25 and 1.25 bits away from it: 0.25 comes first, then 0.5.
  @ParameterizedTest
  @CsvSource({"0.2, 0, 1, 0, 0", "0.7, 0.66666667, 0.33333333, 0, 0", "0.8, 4/7, 2/7, 1/7, 0"})
  void typicalKeepsWhatSurprisesAsMuchAsExpected(
      double typical, String first, String second, String third, String fourth) {
    assertDistribution(
        distribution(
            new Sampler(settings(typical, 0, 0, Map.of()), 4), logits(0.5, 0.25, 0.125, 0.125)),
        fraction(first),
        fraction(second),
        fraction(third),
        fraction(fourth));
  }

  private static double fraction(String text) {
    int slash = text.indexOf('/');
    return slash < 0
        ? Double.parseDouble(text)
        : Double.parseDouble(text.substring(0, slash))
            / Double.parseDouble(text.substring(slash + 1));
  }

  @Test
  void filtersAfterTypicalSeeWhatItLeft() {
    // Typical 0.3 keeps 0.3 and 0.2 of these (surprises 0.92, 1.20, 1.61, 2.30 nats; entropy 1.28),
    // of which top-p 0.5 keeps the first alone.
    float[] logits = logits(0.4, 0.3, 0.2, 0.1);
    Sampler.Settings both =
        new Sampler.Settings(1, 0, 0.5f, 0, 1, 64, 1, 0.4f, 0, 0, Optional.empty(), Map.of());
    assertDistribution(
        distribution(new Sampler(settings(0.4, 0, 0, Map.of()), 4), logits), 0, 0.6, 0.4, 0);
    assertDistribution(distribution(new Sampler(both, 4), logits), 0, 1, 0, 0);
  }

  @Test
  void frequencyCountsAndPresenceDoesNot() {
    Sampler sampler = new Sampler(settings(1, Math.log(2), Math.log(3), Map.of()), 3);
    sampler.accept(0);
    sampler.accept(0);
    sampler.accept(1);
    // Equal probabilities are divided by 2²·3, by 2·3, and by nothing.
    assertDistribution(distribution(sampler, new float[] {5, 5, 5}), 1 / 15.0, 2 / 15.0, 12 / 15.0);
    sampler.forget();
    assertDistribution(distribution(sampler, new float[] {5, 5, 5}), 1 / 3.0, 1 / 3.0, 1 / 3.0);
  }

  @Test
  void aWindowOfThousandsForgetsTheOldest() {
    Sampler.Settings settings =
        new Sampler.Settings(1, 0, 1, 0, 1, 3000, 0, 1, 1, 0, Optional.empty(), Map.of());
    Sampler sampler = new Sampler(settings, 2);
    sampler.accept(1);
    for (int i = 0; i < 2999; i++) {
      sampler.accept(0);
    }
    double e = Math.exp(-1);
    float[] logits = {2999, 0};
    assertDistribution(distribution(sampler, logits), 1 / (1 + e), e / (1 + e));
    sampler.accept(0);
    logits[0] = 3000;
    assertDistribution(distribution(sampler, logits), 0.5, 0.5);
  }

  @Test
  void biasIsAddedBeforeAllElseAndForbids() {
    Sampler sampler =
        new Sampler(
            settings(1, 0, 0, Map.of(0, Float.NEGATIVE_INFINITY, 2, (float) Math.log(3))), 3);
    assertDistribution(distribution(sampler, new float[] {9, 1, 1}), 0, 0.25, 0.75);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Sampler(settings(1, 0, 0, Map.of(3, 1f)), 3))
        .withMessageContaining("the bias of id 3 must be for an id of the vocabulary, which has 3");
  }

  /// μ starts at 2 · 1 bit: ids of at most 2 bits stay. An id of one bit leaves it where it is; one
  /// of two bits lowers it by 0.5 · (2 - 1).
  @Test
  void mirostatTwoKeepsWhatSurprisesAtMostByItsBound() {
    float[] logits = logits(0.5, 0.26, 0.12, 0.12);
    Sampler sampler = new Sampler(mirostat(2, 1, 0.5), 4);
    assertDistribution(distribution(sampler, logits), 0.5 / 0.76, 0.26 / 0.76, 0, 0);
    int id = sampler.next(logits);
    while (id == 0) {
      assertDistribution(distribution(sampler, logits), 0.5 / 0.76, 0.26 / 0.76, 0, 0);
      id = sampler.next(logits);
    }
    assertThat(id).isEqualTo(1);
    // 2 - 0.5 · (1.943 - 1) = 1.53 bits: an id of 0.26 no longer passes.
    assertDistribution(distribution(sampler, logits), 1, 0, 0, 0);
  }

  /// Under Zipf's law with s = 1 exactly, k = 2^μ / ln N: here 2^(2·3) / ln 1000 = 9.26.
  @Test
  void mirostatOneKeepsAsManyIdsAsZipfsLawSays() {
    double[] zipf = new double[1000];
    for (int i = 0; i < zipf.length; i++) {
      zipf[i] = 1.0 / (i + 1);
    }
    double[] kept = distribution(new Sampler(mirostat(1, 3, 0.1), 1000), logits(zipf));
    double sum = 0;
    for (int i = 0; i < 9; i++) {
      sum += zipf[i];
    }
    for (int i = 0; i < kept.length; i++) {
      assertThat(kept[i]).as("id %d", i).isCloseTo(i < 9 ? zipf[i] / sum : 0, within(1e-5));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void mirostatHoldsTheSurpriseNearItsTarget(int version) {
    double[] zipf = new double[2000];
    double sum = 0;
    for (int i = 0; i < zipf.length; i++) {
      zipf[i] = Math.pow(i + 1, -1.1);
      sum += zipf[i];
    }
    float[] logits = logits(zipf);
    for (double target : new double[] {4, 6}) {
      Sampler sampler = new Sampler(mirostat(version, target, 0.1), zipf.length);
      double bits = 0;
      for (int i = 0; i < 3000; i++) {
        bits -= Math.log(zipf[sampler.next(logits)] / sum) / Math.log(2);
      }
      // μ moves by rate · (surprise - target) and stays bounded, so the mean cannot stray far.
      assertThat(bits / 3000).isCloseTo(target, within(0.05));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void mirostatDrawsTheSameForTheSameSeed(int version) {
    SplittableRandom random = new SplittableRandom(5);
    Sampler one = new Sampler(mirostat(version, 5, 0.1), 300);
    Sampler two = new Sampler(mirostat(version, 5, 0.1), 300);
    Set<Integer> seen = new TreeSet<>();
    for (int step = 0; step < 200; step++) {
      float[] logits = new float[300];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) random.nextGaussian(0, 2);
      }
      int id = one.next(logits);
      assertThat(two.next(logits)).isEqualTo(id);
      seen.add(id);
    }
    assertThat(seen).hasSizeGreaterThan(30);
  }

  @Test
  void mirostatOneSurvivesOddDistributions() {
    Sampler sampler = new Sampler(mirostat(1, 3, 0.1), 4);
    float none = Float.NEGATIVE_INFINITY;
    for (float[] logits :
        new float[][] {{1, 1, 1, 1}, {0, none, none, none}, {none, 100, 0, none}, {3, 2, 1, 0}}) {
      assertThat(logits[sampler.next(logits)]).isGreaterThan(none);
    }
    assertThat(new Sampler(mirostat(1, 3, 0.1), 1).next(new float[] {7})).isZero();
  }

  @Test
  void drawsFollowTheDistribution() {
    Sampler.Settings settings =
        new Sampler.Settings(
            0.8f, 4, 0.95f, 0.01f, 1.2f, 8, 9, 0.9f, 0.2f, 0.1f, Optional.empty(), Map.of(1, 1f));
    Sampler sampler = new Sampler(settings, 6);
    sampler.accept(2);
    sampler.accept(5);
    float[] logits = {1, 0.5f, 2, -1, 0.2f, 1.4f};
    double[] expected = distribution(sampler, logits);
    int draws = 100_000;
    double[] shares = new double[6];
    for (int i = 0; i < draws; i++) {
      shares[sampler.next(logits)] += 1.0 / draws;
    }
    int possible = 0;
    for (int i = 0; i < 6; i++) {
      double deviation = Math.sqrt(expected[i] * (1 - expected[i]) / draws);
      assertThat(shares[i]).isCloseTo(expected[i], within(5 * deviation + 1e-9));
      possible += expected[i] > 0 ? 1 : 0;
    }
    assertThat(possible).isBetween(2, 4);
  }

  @Test
  void greedyHasOneId() {
    Sampler greedy = new Sampler(Sampler.Settings.GREEDY, 3);
    assertDistribution(distribution(greedy, new float[] {1, 3, 3}), 0, 1, 0);
  }

  @Test
  void nonsenseIsRefused() {
    for (double typical : new double[] {0, -1, 1.5, Double.NaN}) {
      refused("typical must be", () -> settings(typical, 0, 0, Map.of()));
    }
    refused("frequency penalty must be", () -> settings(1, Double.NaN, 0, Map.of()));
    refused("presence penalty must be", () -> settings(1, 0, 1e9, Map.of()));
    refused("bias of id -1", () -> settings(1, 0, 0, Map.of(-1, 0f)));
    refused("bias of id 1 must be", () -> settings(1, 0, 0, Map.of(1, Float.NaN)));
    refused("bias of id 1", () -> settings(1, 0, 0, Map.of(1, Float.POSITIVE_INFINITY)));
    refused("versions 1 and 2, not 3", () -> mirostat(3, 1, 1));
    refused("target must be", () -> mirostat(1, 0, 1));
    refused("target must be", () -> mirostat(1, Double.NaN, 1));
    refused("rate must be", () -> mirostat(2, 5, 2));
    refused(
        "with mirostat the filters must be off, but top-k is 40",
        () ->
            new Sampler.Settings(
                1,
                40,
                1,
                0,
                1,
                64,
                42,
                1,
                0,
                0,
                Optional.of(new Mirostat.Settings(2, 5, 0.1)),
                Map.of()));
  }

  private static void refused(String message, Runnable making) {
    assertThatIllegalArgumentException().isThrownBy(making::run).withMessageContaining(message);
  }
}
