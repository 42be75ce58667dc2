package dev.lungo.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every expected number is what sacreBLEU 2.6.0 prints for the same texts.
class BleuTest {
  static Stream<Arguments> recorded() {
    return Stream.of(
        Arguments.of(
            List.of("The cat sat on the mat.", "It is 3.5 km away, isn't it?"),
            List.of("The cat sat on the mat.", "It's 3,5 km away, is it not?"),
            55.20187497812208,
            71.30331957344342),
        Arguments.of(
            List.of("the the the the the the the"),
            List.of("the cat is on the mat"),
            7.809849842300637,
            14.232426848159746),
        Arguments.of(
            List.of("Il y a 259 mois &amp; 2 jours – déjà !", "deux cent quarante et un"),
            List.of("Il y a 259 mois & deux jours déjà !", "deux-cent-quarante-et-un"),
            39.40364841636237,
            52.98366536233124),
        Arguments.of(List.of("a b"), List.of("a b c d"), 0.0, 47.169811320754704),
        Arguments.of(
            List.of("hello world foo bar"),
            List.of("completely different text here"),
            0.0,
            7.449038761764573),
        Arguments.of(
            List.of("12\u202f345,50 euros", "1990-1995 (vingt-quatre) \"cité\""),
            List.of("12\u202f345,00 euros", "1990-1995 [vingt-quatre] « cité »"),
            18.671056327621052,
            65.14733013088275),
        Arguments.of(
            List.of("one two three four five six seven eight"),
            List.of("one two three four nine six seven eight ten eleven"),
            38.940039153570254,
            66.39079119427117));
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void scoresAreThoseOfSacreBleu(
      List<String> translations, List<String> references, double bleu, double chrf) {
    assertThat(Bleu.of(translations, references).score()).isCloseTo(bleu, within(1e-9));
    assertThat(CharacterScore.of(translations, references)).isCloseTo(chrf, within(1e-9));
  }

  @Test
  void partsOfTheScoreAreThoseOfSacreBleu() {
    Bleu bleu = Bleu.of(List.of("a b"), List.of("a b c d"));
    assertThat(bleu.precisions()).containsExactly(100.0, 100.0, 0.0, 0.0);
    assertThat(bleu.brevityPenalty()).isCloseTo(0.36787944117144233, within(1e-12));
    assertThat(bleu.systemLength()).isEqualTo(2);
    assertThat(bleu.referenceLength()).isEqualTo(4);
    assertThat(Bleu.of(List.of("hello"), List.of("world")).precisions()).containsOnly(0.0);
  }

  @Test
  void linesAreCutAsWmtCutsThem() {
    assertThat(String.join(" ", Bleu.tokenize("It's 3,5 km (2.17 miles) away: \"really\"?")))
        .isEqualTo("It's 3,5 km ( 2.17 miles ) away : \" really \" ?");
    assertThat(String.join(" ", Bleu.tokenize("a-b 1990-1995, U.S.A. $5.00!")))
        .isEqualTo("a-b 1990 - 1995 , U . S . A . $ 5.00 !");
    assertThat(String.join(" ", Bleu.tokenize("x&lt;y &quot;z&quot; 50% [a/b] {c}~d")))
        .isEqualTo("x < y \" z \" 50 % [ a / b ] { c } ~ d");
  }

  @Test
  void everyTranslationNeedsItsReference() {
    assertThatThrownBy(() -> Bleu.of(List.of("a"), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got 0 and 1");
    assertThatThrownBy(() -> CharacterScore.of(List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
