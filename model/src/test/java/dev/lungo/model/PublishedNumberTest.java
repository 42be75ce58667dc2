package dev.lungo.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class PublishedNumberTest {
  static final List<PublishedNumber> ALL = PublishedNumber.all();

  @ParameterizedTest
  @FieldSource("ALL")
  void publishedNumbersComeOut(PublishedNumber number) {
    assertThat(number.computed()).as(number.name()).isEqualTo(number.expected());
    assertThat(number.agrees()).isTrue();
  }

  @Test
  void aDifferenceIsSeen() {
    assertThat(new PublishedNumber("topic", "name", 1, 2).agrees()).isFalse();
  }

  @Test
  void countsAreThoseOfModelsThatWereBuilt() {
    List<ModelConfig> configs =
        List.of(
            new LlamaConfig(96, 24, 3, 6, 2, 4, 56, 16, 1e-5f, 10_000, true),
            new LlamaConfig(96, 24, 2, 3, 3, 8, 40, 16, 1e-5f, 10_000, false),
            new Gpt2Config(96, 24, 3, 4, 16, 1e-5f, true),
            new Gpt2Config(96, 24, 2, 3, 16, 1e-5f, false));
    for (ModelConfig config : configs) {
      try (LanguageModel model = LanguageModel.create(config, false)) {
        assertThat(ParameterCount.of(config).total())
            .as(config.toString())
            .isEqualTo(model.parameters().count());
      }
    }
  }

  @Test
  void embeddingsCountOnceInTheProductsTheyTakePartIn() {
    ParameterCount tied = ParameterCount.of(PublishedModels.GPT2_SMALL);
    assertThat(tied.matrixMultiplied()).isEqualTo(12L * 12 * 768 * 768 + 50_257L * 768);
    ParameterCount untied = ParameterCount.of(PublishedModels.LLAMA_7B);
    assertThat(untied.matrixMultiplied())
        .isEqualTo(untied.total() - 32_000L * 4096 - (2 * 32 + 1) * 4096L);
    assertThat(untied.withoutEmbeddings()).isEqualTo(untied.total() - 2 * 32_000L * 4096);
  }

  @Test
  void theRuleOfThumbGivesChinchillasBudget() {
    // 70 B parameters on 1.4 T tokens: 5.88e23, which the paper states as 5.76e23 by its own finer
    // count.
    assertThat(ModelFlops.ruleOfThumb(70e9, 1.4e12)).isEqualTo(5.88e23);
  }
}
