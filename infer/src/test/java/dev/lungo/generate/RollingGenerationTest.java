package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.generate.TextGeneration.Finish;
import dev.lungo.generate.TextGeneration.Result;
import dev.lungo.nn.RollingWindow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Texts longer than the context of a trained model, whose context is 512.
class RollingGenerationTest {
  private static final String PROMPT = "Once upon a time, there was a little girl named Lily.";

  @Test
  void aWindowThatHoldsAllGivesTheSameText() throws IOException {
    try (TextGeneration model = TextGeneration.open(TestData.file("models/stories260K"), 2)) {
      Generation plain = model.generate(PROMPT).tokens(60).greedy();
      String text = plain.text();
      assertThat(plain.rolling(new RollingWindow(4, 300)).text()).isEqualTo(text);
    }
  }

  @Test
  void aTextGoesOnBeyondTheContextThroughAWindow() throws IOException {
    try (TextGeneration model = TextGeneration.open(TestData.file("models/stories260K"), 2)) {
      Generation ended = model.generate(PROMPT).tokens(540).seed(3);
      assertThat(ended.run(piece -> {}).finish()).isEqualTo(Finish.CONTEXT);
      Result rolled = ended.rolling(new RollingWindow(4, 200)).run(piece -> {});
      assertThat(rolled.tokens()).isGreaterThan(500);
      assertThat(rolled.finish()).isIn(Finish.LENGTH, Finish.END_OF_TEXT);
      String longPrompt = PROMPT.repeat(45);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.generate(longPrompt).text())
          .withMessageMatching(".*has [0-9]+ tokens, but the model's context is 512.*--window.*");
      Result continued =
          model.generate(longPrompt).tokens(20).rolling(new RollingWindow(4, 200)).run(piece -> {});
      assertThat(continued.promptTokens()).isGreaterThan(512);
      assertThat(continued.tokens()).isPositive();
    }
  }

  @Test
  void readingALongPromptIsToldBlockByBlock() throws IOException {
    try (TextGeneration model = TextGeneration.open(TestData.file("models/stories260K"), 1)) {
      List<Integer> heard = new ArrayList<>();
      Result result =
          model
              .generate(PROMPT.repeat(45))
              .tokens(1)
              .rolling(new RollingWindow(4, 200))
              .promptListener((read, all) -> {
                heard.add(read);
                assertThat(read).isLessThan(all);
              })
              .run(piece -> {});
      assertThat(heard).isSorted().doesNotHaveDuplicates().hasSizeGreaterThan(2);
      assertThat(heard.getLast()).isGreaterThan(result.promptTokens() - 300);
    }
  }

  @Test
  void whatAWindowCannotServeIsRefused() throws IOException {
    try (TextGeneration model = TextGeneration.open(TestData.file("models/stories260K"), 1)) {
      Generation rolling = model.generate(PROMPT).tokens(5).rolling(new RollingWindow(0, 20));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> rolling.samples(2))
          .withMessageContaining("one continuation");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> rolling.rolling(new RollingWindow(4, 512)).text())
          .withMessageContaining("context of 512");
    }
  }
}
