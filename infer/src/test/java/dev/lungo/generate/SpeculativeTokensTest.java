package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpeculativeTokensTest {
  private static final int[] PROMPT = {1, 3, 0, 2};
  private static Kernels kernels;

  @BeforeAll
  static void start() {
    kernels = KernelChoice.open(1);
  }

  @AfterAll
  static void stop() {
    kernels.close();
  }

  private static List<Integer> plain(
      LanguageModel model, Sampler.Settings settings, int count, DType type) {
    Sampler sampler = sampler(model, settings);
    try (Generator generator = new Generator(kernels, model, PROMPT.length + count, 1, type)) {
      Tensor logits = generator.feed(PROMPT);
      return take(new PlainTokens(generator, logits, sampler, Optional.empty()), count);
    }
  }

  private static Sampler sampler(LanguageModel model, Sampler.Settings settings) {
    Sampler sampler = new Sampler(settings, model.config().vocabulary());
    for (int id : PROMPT) {
      sampler.accept(id);
    }
    return sampler;
  }

  private static List<Integer> take(TokenSource source, int count) {
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      OptionalInt id = source.next();
      if (id.isEmpty()) {
        break;
      }
      ids.add(id.getAsInt());
    }
    return ids;
  }

  private record Outcome(List<Integer> ids, Drafts drafts) {}

  private static Outcome speculative(
      LanguageModel model,
      LanguageModel draft,
      Sampler.Settings settings,
      int count,
      int atOnce,
      DType type) {
    int capacity = Math.min(model.config().context(), PROMPT.length + count);
    try (Generator target = new Generator(kernels, model, capacity, 1, type);
        Generator small =
            new Generator(kernels, draft, Math.min(capacity, draft.config().context()))) {
      Tensor logits = target.feed(PROMPT);
      SpeculativeTokens source =
          new SpeculativeTokens(
              target,
              small,
              PROMPT,
              logits,
              settings,
              sampler(model, settings),
              atOnce,
              Optional.empty());
      return new Outcome(take(source, count), source.drafts());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 8, 11})
  void atTemperatureZeroAnyDraftGivesTheIdsOfNone(int atOnce) {
    try (LanguageModel model = TinyModels.random(37, 128, 1);
        LanguageModel other = TinyModels.random(37, 128, 2)) {
      for (DType type : List.of(DType.FLOAT32, DType.FLOAT16)) {
        List<Integer> expected = plain(model, Sampler.Settings.GREEDY, 100, type);
        Outcome unlike = speculative(model, other, Sampler.Settings.GREEDY, 100, atOnce, type);
        Outcome same = speculative(model, model, Sampler.Settings.GREEDY, 100, atOnce, type);
        assertThat(unlike.ids).isEqualTo(expected);
        assertThat(same.ids).isEqualTo(expected);
        assertThat(unlike.drafts.acceptanceRate()).isLessThan(0.5);
        if (type == DType.FLOAT32) {
          assertThat(same.drafts.acceptanceRate()).isEqualTo(1);
        }
      }
    }
  }

  @Test
  void penaltiesAndBiasAtTemperatureZeroGiveTheIdsOfNoDraft() {
    Sampler.Settings settings =
        new Sampler.Settings(
            0, 0, 1, 0, 1.3f, 20, 0, 1, 0.4f, 0.2f, Optional.empty(), Map.of(3, -1f));
    try (LanguageModel model = TinyModels.random(37, 128, 5)) {
      List<Integer> expected = plain(model, settings, 100, DType.FLOAT32);
      Outcome drafted = speculative(model, model, settings, 100, 4, DType.FLOAT32);
      assertThat(drafted.ids).isEqualTo(expected);
      assertThat(drafted.drafts.acceptanceRate()).isBetween(0.05, 0.99);
    }
  }

  @Test
  void aFullContextEndsBothAlike() {
    try (LanguageModel model = TinyModels.random(37, 30, 1);
        LanguageModel draft = TinyModels.random(37, 16, 1)) {
      Outcome drafted = speculative(model, draft, Sampler.Settings.GREEDY, 100, 4, DType.FLOAT32);
      // 26 ids fill the context; one more is chosen and cannot be fed.
      assertThat(drafted.ids).hasSize(27);
      try (Generator generator = new Generator(kernels, model, 30)) {
        Sampler sampler = sampler(model, Sampler.Settings.GREEDY);
        assertThat(
                take(
                    new PlainTokens(generator, generator.feed(PROMPT), sampler, Optional.empty()),
                    100))
            .isEqualTo(drafted.ids);
      }
    }
  }

  @Test
  void theSameSeedGivesTheSameIds() {
    Sampler.Settings settings = new Sampler.Settings(0.9f, 0, 1, 0, 1, 64, 3);
    try (LanguageModel model = TinyModels.random(37, 128, 1);
        LanguageModel other = TinyModels.random(37, 128, 2)) {
      List<Integer> first = speculative(model, other, settings, 60, 4, DType.FLOAT32).ids;
      assertThat(speculative(model, other, settings, 60, 4, DType.FLOAT32).ids).isEqualTo(first);
      assertThat(speculative(model, other, settings.withSeed(4), 60, 4, DType.FLOAT32).ids)
          .isNotEqualTo(first);
    }
  }

  /// The probabilities of all sequences of four ids, computed one by one, against the shares of
  /// many runs: the first id comes from the prompt's logits, the others from verified drafts.
  @Test
  void sampledIdsAreDistributedAsTheModelsOwn() {
    int vocabulary = 4;
    int length = 4;
    int runs = 4000;
    Sampler.Settings settings =
        new Sampler.Settings(
            0.8f, 3, 1, 0, 1.2f, 8, 0, 1, 0.1f, 0, Optional.empty(), Map.of(1, 0.3f));
    try (LanguageModel model = TinyModels.random(vocabulary, 16, 11);
        LanguageModel draft = TinyModels.random(vocabulary, 16, 12);
        Generator target = new Generator(kernels, model, 12);
        Generator small = new Generator(kernels, draft, 12)) {
      double[] expected = new double[(int) Math.pow(vocabulary, length)];
      enumerate(target, sampler(model, settings), new int[0], length, 1, settings, expected);
      double[] shares = new double[expected.length];
      long accepted = 0;
      long proposed = 0;
      for (int run = 0; run < runs; run++) {
        Sampler.Settings seeded = settings.withSeed(1000 + run * 7919L);
        target.rewind(0);
        small.rewind(0);
        SpeculativeTokens source =
            new SpeculativeTokens(
                target,
                small,
                PROMPT,
                target.feed(PROMPT),
                seeded,
                sampler(model, seeded),
                2,
                Optional.empty());
        shares[index(take(source, length), vocabulary)] += 1.0 / runs;
        accepted += source.drafts().accepted();
        proposed += source.drafts().proposed();
      }
      for (int i = 0; i < expected.length; i++) {
        double deviation = Math.sqrt(expected[i] * (1 - expected[i]) / runs);
        assertThat(shares[i]).as("sequence %d", i).isCloseTo(expected[i], within(5 * deviation));
      }
      // Neither all nor none: both branches were taken.
      assertThat((double) accepted / proposed).isBetween(0.1, 0.9);
    }
  }

  private static void enumerate(
      Generator generator,
      Sampler sampler,
      int[] chosen,
      int length,
      double probability,
      Sampler.Settings settings,
      double[] expected) {
    if (chosen.length == length) {
      List<Integer> ids = new ArrayList<>();
      for (int id : chosen) {
        ids.add(id);
      }
      expected[index(ids, 4)] = probability;
      return;
    }
    generator.rewind(0);
    sampler.forget();
    for (int id : PROMPT) {
      sampler.accept(id);
    }
    Tensor logits = generator.feed(PROMPT);
    for (int id : chosen) {
      sampler.accept(id);
      logits = generator.feed(id);
    }
    double[] probabilities = new double[4];
    sampler.distribution(logits.data(), probabilities);
    for (int id = 0; id < 4; id++) {
      int[] longer = java.util.Arrays.copyOf(chosen, chosen.length + 1);
      longer[chosen.length] = id;
      enumerate(
          generator, sampler, longer, length, probability * probabilities[id], settings, expected);
    }
  }

  private static int index(List<Integer> ids, int vocabulary) {
    int index = 0;
    for (int id : ids) {
      index = index * vocabulary + id;
    }
    return index;
  }

  @Test
  void nonsenseIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpeculativeTokens.check(Sampler.Settings.GREEDY, 12))
        .withMessageContaining("1 to 11 tokens at once, not 12");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpeculativeTokens.check(Sampler.Settings.GREEDY, 0));
    Sampler.Settings mirostat =
        new Sampler.Settings(
            1, 0, 1, 0, 1, 64, 0, 1, 0, 0, Optional.of(new Mirostat.Settings(2, 5, 0.1)), Map.of());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpeculativeTokens.check(mirostat, 4))
        .withMessageContaining("mirostat");
  }
}
