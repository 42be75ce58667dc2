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
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BeamSearchTest {
  private static final int[] PROMPT = {1, 2, 0};
  private static final int VOCABULARY = 4;

  private static List<BeamSearch.Hypothesis> search(
      LanguageModel model, OptionalInt end, int beams, double penalty, int most) {
    int capacity = Math.min(model.config().context(), PROMPT.length + most);
    try (Kernels kernels = KernelChoice.open(1);
        Generator generator = new Generator(kernels, model, capacity, beams, DType.FLOAT32)) {
      Tensor logits = generator.feed(PROMPT);
      return new BeamSearch(generator, end.stream().toArray(), beams, penalty, most).search(logits);
    }
  }

  /// Computes every continuation of up to `most` ids.
  private static List<BeamSearch.Hypothesis> all(
      LanguageModel model, OptionalInt end, double penalty, int most) {
    List<BeamSearch.Hypothesis> found = new ArrayList<>();
    try (Kernels kernels = KernelChoice.open(1);
        Generator generator = new Generator(kernels, model, PROMPT.length + most)) {
      extend(generator, end, penalty, most, new int[0], 0, found);
    }
    found.sort(Comparator.comparingDouble(BeamSearch.Hypothesis::score).reversed());
    return found;
  }

  private static void extend(
      Generator generator,
      OptionalInt end,
      double penalty,
      int most,
      int[] ids,
      double logProb,
      List<BeamSearch.Hypothesis> found) {
    boolean ended = ids.length > 0 && end.isPresent() && ids[ids.length - 1] == end.getAsInt();
    if (ended || ids.length == most) {
      double factor = Math.pow((5.0 + ids.length) / 6, penalty);
      found.add(new BeamSearch.Hypothesis(ids, logProb, logProb / factor, ended));
      return;
    }
    generator.rewind(0);
    Tensor logits = generator.feed(PROMPT);
    for (int id : ids) {
      logits = generator.feed(id);
    }
    float[] scores = logits.toFloats();
    double sum = 0;
    for (float score : scores) {
      sum += Math.exp(score);
    }
    for (int id = 0; id < VOCABULARY; id++) {
      int[] longer = Arrays.copyOf(ids, ids.length + 1);
      longer[ids.length] = id;
      extend(generator, end, penalty, most, longer, logProb + scores[id] - Math.log(sum), found);
    }
  }

  /// With as many beams as there are continuations of all lengths but the last, nothing is lost.
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.6, 2})
  void withEnoughBeamsTheBestOfAllIsFound(double penalty) {
    for (long seed = 1; seed <= 5; seed++) {
      try (LanguageModel model = TinyModels.random(VOCABULARY, 16, seed)) {
        OptionalInt end = OptionalInt.of(3);
        List<BeamSearch.Hypothesis> expected = all(model, end, penalty, 4);
        List<BeamSearch.Hypothesis> found = search(model, end, 200, penalty, 4);
        assertThat(found.getFirst().ids()).isEqualTo(expected.getFirst().ids());
        assertThat(found.getFirst().logProb())
            .isCloseTo(expected.getFirst().logProb(), within(1e-5));
        assertThat(found.getFirst().score()).isCloseTo(expected.getFirst().score(), within(1e-5));
        assertThat(found.getFirst().ended()).isEqualTo(expected.getFirst().ended());
      }
    }
  }

  @Test
  void withoutAnEndTheRankingOfAllIsFound() {
    try (LanguageModel model = TinyModels.random(VOCABULARY, 16, 9)) {
      List<BeamSearch.Hypothesis> expected = all(model, OptionalInt.empty(), 1, 3);
      List<BeamSearch.Hypothesis> found = search(model, OptionalInt.empty(), 64, 1, 3);
      assertThat(found).hasSize(64);
      for (int i = 0; i < 64; i++) {
        assertThat(found.get(i).score()).isCloseTo(expected.get(i).score(), within(1e-5));
      }
    }
  }

  @Test
  void aFewBeamsFindWhatGreedyMisses() {
    int better = 0;
    for (long seed = 1; seed <= 20; seed++) {
      try (LanguageModel model = TinyModels.random(VOCABULARY, 16, seed)) {
        double greedy = search(model, OptionalInt.empty(), 1, 0, 8).getFirst().logProb();
        double beams = search(model, OptionalInt.empty(), 4, 0, 8).getFirst().logProb();
        better += beams > greedy + 1e-6 ? 1 : 0;
      }
    }
    assertThat(better).isGreaterThan(5);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1})
  void oneBeamIsGreedy(double penalty) {
    int ended = 0;
    for (long seed = 1; seed <= 20; seed++) {
      try (LanguageModel model = TinyModels.random(VOCABULARY, 32, seed)) {
        BeamSearch.Hypothesis found = search(model, OptionalInt.of(3), 1, penalty, 20).getFirst();
        assertThat(found.ids()).isEqualTo(greedy(model, 3, 20));
        ended += found.ended() ? 1 : 0;
      }
    }
    assertThat(ended).isBetween(1, 19);
  }

  private static int[] greedy(LanguageModel model, int end, int most) {
    Sampler sampler = new Sampler(Sampler.Settings.GREEDY, VOCABULARY);
    int[] ids = new int[most];
    try (Kernels kernels = KernelChoice.open(1);
        Generator generator = new Generator(kernels, model, PROMPT.length + most)) {
      Tensor logits = generator.feed(PROMPT);
      for (int i = 0; i < most; i++) {
        ids[i] = sampler.next(logits.data());
        if (ids[i] == end) {
          return Arrays.copyOf(ids, i + 1);
        }
        logits = generator.feed(ids[i]);
      }
    }
    return ids;
  }

  @Test
  void aFullContextEndsTheSearch() {
    try (LanguageModel model = TinyModels.random(VOCABULARY, 6, 1)) {
      List<BeamSearch.Hypothesis> found = search(model, OptionalInt.empty(), 3, 0, 50);
      assertThat(found).hasSize(3);
      assertThat(found).allSatisfy(one -> assertThat(one.ids()).hasSize(4));
    }
  }

  @Test
  void nonsenseIsRefused() {
    try (LanguageModel model = TinyModels.random(VOCABULARY, 16, 1)) {
      OptionalInt end = OptionalInt.empty();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> search(model, end, 257, 0, 4))
          .withMessageContaining("beams must be between 1 and 256, but are 257");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> search(model, end, 2, -1, 4))
          .withMessageContaining("length penalty");
      assertThatIllegalArgumentException().isThrownBy(() -> search(model, end, 2, Double.NaN, 4));
    }
  }
}
