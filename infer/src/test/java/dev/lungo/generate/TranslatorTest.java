package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// With the third-party model that turns Arabic words into Latin letters.
class TranslatorTest {
  private static final String MODEL = "models/aren-transliteration";

  private static List<JsonNode> cases() throws IOException {
    List<JsonNode> cases = new ArrayList<>();
    JsonMapper.builder()
        .build()
        .readTree(TestData.file(MODEL).resolve("golden.json").toFile())
        .required("cases")
        .forEach(cases::add);
    return cases;
  }

  private static String joined(JsonNode symbols) {
    StringBuilder text = new StringBuilder();
    symbols.forEach(symbol -> text.append(symbol.stringValue()));
    return text.toString();
  }

  @Test
  void allWordsAtOnceComeOutAsOneByOneAndAsRecorded() throws IOException {
    List<String> words = cases().stream().map(one -> joined(one.required("src"))).toList();
    try (Translator translator = Translator.open(TestData.file(MODEL), 2)) {
      List<Translation> together = translator.greedy(words);
      for (int i = 0; i < words.size(); i++) {
        JsonNode expected = cases().get(i);
        Translation translation = together.get(i);
        assertThat(translation.text()).isEqualTo(joined(expected.required("greedy")));
        assertThat(translation.logProb())
            .isCloseTo(expected.required("sum_log_prob_incl_eos").doubleValue(), within(1e-4));
        assertThat(translation.ended()).isTrue();
        Translation alone = translator.greedy(List.of(words.get(i))).getFirst();
        assertThat(alone.text()).isEqualTo(translation.text());
        assertThat(alone.logProb()).isCloseTo(translation.logProb(), within(1e-4));
      }
    }
  }

  @Test
  void oneBeamIsGreedyAndMoreBeamsFindNothingLessProbable() throws IOException {
    try (Translator translator = Translator.open(TestData.file(MODEL), 2)) {
      for (JsonNode one : cases()) {
        String word = joined(one.required("src"));
        Translation greedy = translator.greedy(List.of(word)).getFirst();
        List<Translation> single = translator.beams(word, 1, 0);
        assertThat(single).hasSize(1);
        assertThat(single.getFirst().text()).isEqualTo(greedy.text());
        assertThat(single.getFirst().logProb()).isCloseTo(greedy.logProb(), within(1e-4));
        List<Translation> four = translator.beams(word, 4, 0);
        assertThat(four.getFirst().logProb()).isGreaterThanOrEqualTo(greedy.logProb() - 1e-4);
        assertThat(four)
            .extracting(Translation::score)
            .isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(four).extracting(Translation::text).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void lengthPenaltyDividesAsWuEtAlSay() throws IOException {
    try (Translator translator = Translator.open(TestData.file(MODEL), 2)) {
      for (Translation found :
          translator.beams(joined(cases().getFirst().required("src")), 4, 0.6)) {
        assertThat(found.score())
            .isCloseTo(found.logProb() / Math.pow((5 + found.tokens()) / 6.0, 0.6), within(1e-9));
      }
    }
  }

  @Test
  void alignmentGivesEveryLetterWeightsThatSumToOne() throws IOException {
    try (Translator translator = Translator.open(TestData.file(MODEL), 2)) {
      Alignment alignment = translator.align("آتزمون", "atzmon");
      assertThat(alignment.sourceTokens()).containsExactly("آ", "ت", "ز", "م", "و", "ن");
      assertThat(alignment.targetTokens()).containsExactly("a", "t", "z", "m", "o", "n", "</s>");
      assertThat(alignment.weights()).hasSize(7);
      for (List<Double> line : alignment.weights()) {
        assertThat(line.stream().mapToDouble(weight -> weight).sum()).isCloseTo(1, within(1e-9));
      }
      // z comes from ز, m from م.
      assertThat(largest(alignment.weights().get(2))).isEqualTo(2);
      assertThat(largest(alignment.weights().get(3))).isEqualTo(3);
      assertThat(AlignmentDrawing.text(alignment, true).lines()).hasSize(8);
      assertThat(AlignmentDrawing.svg(alignment)).startsWith("<svg").endsWith("</svg>\n");
    }
  }

  private static int largest(List<Double> values) {
    int largest = 0;
    for (int i = 1; i < values.size(); i++) {
      largest = values.get(i) > values.get(largest) ? i : largest;
    }
    return largest;
  }

  @Test
  void textsThatCannotBeTranslatedAreRefusedWithTheReason() throws IOException {
    try (Translator translator = Translator.open(TestData.file(MODEL), 1)) {
      assertThatThrownBy(() -> translator.greedy(List.of("")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("empty");
      assertThatThrownBy(() -> translator.greedy(List.of("ت".repeat(5000))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("5000 tokens")
          .hasMessageContaining("sentence by sentence");
      assertThatThrownBy(() -> translator.beams("ت", 0, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("beams");
    }
  }
}
