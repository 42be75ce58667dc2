package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class SplitterTest {
  /// Characters of all classes and sizes, chosen so that the expressions' alternatives meet.
  private static final String[] PARTS = {
    "a",
    "Z",
    "word",
    "longerWordThanEight",
    "é",
    "ß",
    "ж",
    "中",
    "𝒜",
    "ſ",
    "ª",
    "ǅ",
    "3",
    "42",
    "1234567",
    "²",
    "Ⅷ",
    "१",
    " ",
    "  ",
    "        ",
    "         ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\u00a0",
    "\u0085",
    "\u2028",
    "\u3000",
    "\u000b",
    "'",
    "''",
    "'s",
    "'T",
    "'re",
    "'VE",
    "'ll",
    "'Ll",
    "'d",
    "'m",
    "'x",
    "!",
    "...",
    "(",
    ");",
    "{\n",
    "\n     * ",
    "\n \t ",
    "\n  \t",
    "*",
    "*/",
    " *",
    "_",
    "-",
    "😉",
    "\u0301",
    "e\u0301",
    "\u093f",
    "ÀB",
    "ABc",
    "/",
    "\u200d",
    "<|",
    "\u0000",
    "\ufffd"
  };

  static String randomText(Random random) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(40); n > 0; n--) {
      text.append(PARTS[random.nextInt(PARTS.length)]);
    }
    return text.toString();
  }

  static List<String> pieces(Splitter splitter, String text, int endsAtOnce) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    List<String> pieces = new ArrayList<>();
    Splitter.Pieces cursor = splitter.pieces(utf8, 0, utf8.length);
    int[] ends = new int[endsAtOnce];
    int start = 0;
    for (int count = cursor.next(ends); count > 0; count = cursor.next(ends)) {
      for (int i = 0; i < count; i++) {
        pieces.add(new String(utf8, start, ends[i] - start, StandardCharsets.UTF_8));
        start = ends[i];
      }
    }
    return pieces;
  }

  private static List<String> matches(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS).matcher(text);
    List<String> matches = new ArrayList<>();
    while (matcher.find()) {
      matches.add(matcher.group());
    }
    return matches;
  }

  @Test
  void handWrittenSplittersCutAsTheirExpressionsDo() {
    Random random = new Random(42);
    for (int round = 0; round < 20_000; round++) {
      String text = randomText(random);
      for (Splitter splitter :
          List.of(
              new Gpt2Splitter(),
              new Gpt4Splitter(3),
              new Gpt4Splitter(1),
              new O200kSplitter(3, true),
              new O200kSplitter(1, true),
              new O200kSplitter(1, false),
              new CodeSplitter(),
              new WordEndSplitter())) {
        assertThat(pieces(splitter, text, 1 + round % 7))
            .as("%s of \"%s\"", splitter.pattern(), text)
            .isEqualTo(matches(splitter.pattern(), text));
      }
    }
  }

  @Test
  void regexSplitterCutsAsTheHandWrittenOnesDo() {
    Random random = new Random(43);
    for (int round = 0; round < 2_000; round++) {
      String text = randomText(random);
      assertThat(pieces(new RegexSplitter(Gpt4Splitter.PATTERN_THREE_DIGITS), text, 3))
          .isEqualTo(pieces(new Gpt4Splitter(3), text, 3));
    }
  }

  @Test
  void knownExpressionsGetHandWrittenSplitters() {
    assertThat(Splitter.forPattern(Gpt2Splitter.PATTERN)).isInstanceOf(Gpt2Splitter.class);
    assertThat(Splitter.forPattern(Gpt4Splitter.PATTERN_ONE_DIGIT))
        .isInstanceOf(Gpt4Splitter.class);
    assertThat(Splitter.forPattern("\\w+")).isInstanceOf(RegexSplitter.class);
  }

  @Test
  void textBetweenMatchesIsAPieceToo() {
    assertThat(pieces(new RegexSplitter("[a-z]+"), "12ab!cd", 9))
        .containsExactly("12", "ab", "!", "cd");
    assertThat(pieces(new RegexSplitter("x*"), "abx", 9)).containsExactly("ab", "x");
  }

  @Test
  void scriptNamesAreUnderstood() {
    assertThat(pieces(new RegexSplitter("\\p{Han}+|\\p{L}+"), "日本go", 9))
        .containsExactly("日本", "go");
  }

  @Test
  void sequenceCutsThePiecesOfItsFirstStep() {
    Splitter sequence =
        new SequenceSplitter(List.of(new RegexSplitter("\\p{N}"), new Gpt2Splitter()));
    assertThat(pieces(sequence, "go 42 now", 2)).containsExactly("go", " ", "4", "2", " now");
  }

  @Test
  void endlessBacktrackingIsStopped() {
    Splitter splitter = new RegexSplitter("(\\w*)(\\w*)(\\w*)(\\w*)!");
    assertThatThrownBy(() -> pieces(splitter, "a".repeat(600), 9))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("backtracks");
    assertThatThrownBy(() -> new RegexSplitter("(a")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void everyByteSequenceIsCutCompletely() {
    Random random = new Random(44);
    int[] ends = new int[4];
    for (int round = 0; round < 5_000; round++) {
      byte[] bytes = new byte[random.nextInt(50)];
      random.nextBytes(bytes);
      for (Splitter splitter :
          List.of(
              new Gpt2Splitter(),
              new Gpt4Splitter(3),
              new WordEndSplitter(),
              new O200kSplitter(3, true),
              new RegexSplitter("\\w+"))) {
        Splitter.Pieces pieces = splitter.pieces(bytes, 0, bytes.length);
        int end = 0;
        for (int count = pieces.next(ends); count > 0; count = pieces.next(ends)) {
          for (int i = 0; i < count; i++) {
            assertThat(ends[i]).isGreaterThan(end);
            end = ends[i];
          }
        }
        assertThat(end).isEqualTo(bytes.length);
      }
    }
  }

  @Test
  void cuttingAfterAWordChangesNoPiece() {
    Random random = new Random(45);
    int cuts = 0;
    for (int round = 0; round < 5_000; round++) {
      String text = randomText(random) + "end \n  x" + randomText(random);
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      int cut = Splitter.lastCut(utf8, 0, random.nextInt(utf8.length));
      if (cut == 0) {
        continue;
      }
      cuts++;
      String left = new String(utf8, 0, cut, StandardCharsets.UTF_8);
      String right = new String(utf8, cut, utf8.length - cut, StandardCharsets.UTF_8);
      for (Splitter splitter :
          List.of(
              new Gpt2Splitter(),
              new Gpt4Splitter(3),
              new O200kSplitter(3, true),
              new CodeSplitter(),
              new WordEndSplitter())) {
        List<String> parts = new ArrayList<>(pieces(splitter, left, 8));
        parts.addAll(pieces(splitter, right, 8));
        assertThat(parts).as("\"%s\" | \"%s\"", left, right).isEqualTo(pieces(splitter, text, 8));
      }
    }
    assertThat(cuts).isGreaterThan(1_000);
  }
}
