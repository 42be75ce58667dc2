package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WordEndSplitterTest {
  /// Letters, marks and signs whose bytes, cut anywhere, look like parts of each other.
  private static final String[] PARTS = {
    "é", "©", "(", " ", "word", "ß", "®", "12", "3", "٣", "３", "\n", "日本", "—", "ñ", "Ã", "\u0301",
    "x"
  };

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int n = 1 + random.nextInt(60); n > 0; n--) {
      text.append(PARTS[random.nextInt(PARTS.length)]);
    }
    return text.toString();
  }

  /// Cuts around numbers and within them only.
  private static Splitter numbersOnly() {
    return new SequenceSplitter(
        List.of(
            new RegexSplitter("\\p{N}+"),
            new RegexSplitter("[0-9]{1,3}(?=(?:[0-9]{3})*(?![0-9]))")));
  }

  @Test
  void cutsAfterWordsAndAroundNumbers() {
    assertThat(SplitterTest.pieces(new WordEndSplitter(), "if (a1 > 23456) {\n  go();", 9))
        .containsExactly("if", " (a", "1", " > ", "23", "456", ") {\n  go", "();");
  }

  @Test
  void tokensAreTheSameWhereOnlyNumbersAreCut() {
    Random random = new Random(3);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      texts.add(text(random));
    }
    BytePairTokenizer tokenizer =
        new BpeTrainer(BpeTrainer.Settings.ofSize(1_500, new WordEndSplitter(), 1)).train(texts);
    assertThat(tokenizer.vocabularySize()).isEqualTo(1_500);
    BytePairDefinition definition = tokenizer.definition();
    BytePairTokenizer loose =
        new BytePairTokenizer(
            BytePairDefinition.ofMerges(
                definition.tokens(),
                definition.merges(),
                numbersOnly(),
                definition.added(),
                definition.frame()));
    for (int i = 0; i < 3_000; i++) {
      String text = text(random);
      assertThat(loose.encode(text)).as(text).isEqualTo(tokenizer.encode(text));
    }
  }

  @Test
  void noTokenMixesAPartOfACharacterWithAnother() {
    assertThat(List.of("a", "é", "éa©", "日", "\n  "))
        .allSatisfy(text -> assertThat(BpeTrainer.keepsCharacters(latin(text))).isTrue());
    // Parts of one character.
    assertThat(BpeTrainer.keepsCharacters("\u00e6")).isTrue();
    assertThat(BpeTrainer.keepsCharacters("\u00e6\u0097")).isTrue();
    assertThat(BpeTrainer.keepsCharacters("\u0097\u00a5")).isTrue();
    // The end of one and the next; a whole one and the start of the next; too many bytes.
    assertThat(BpeTrainer.keepsCharacters("\u00a9a")).isFalse();
    assertThat(BpeTrainer.keepsCharacters("a\u00c3")).isFalse();
    assertThat(BpeTrainer.keepsCharacters("\u00e6\u0097a")).isFalse();
    assertThat(BpeTrainer.keepsCharacters("a\u00a9")).isFalse();
  }

  /// The bytes of a text, a character each.
  private static String latin(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
