package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class GgufPreTokenizersTest {
  @TempDir Path folder;

  static List<String> names() {
    return GgufPreTokenizers.names();
  }

  private static Splitter splitter(String name) {
    return GgufPreTokenizers.find(name).orElseThrow().splitter();
  }

  /// The definition, as it reads: each expression isolates its matches in the pieces before.
  private static List<String> isolate(Pattern pattern, List<String> pieces) {
    List<String> cut = new ArrayList<>();
    for (String piece : pieces) {
      Matcher matcher = pattern.matcher(piece);
      int at = 0;
      while (matcher.find()) {
        if (matcher.start() > at) {
          cut.add(piece.substring(at, matcher.start()));
        }
        if (matcher.end() > matcher.start()) {
          cut.add(matcher.group());
        }
        at = matcher.end();
      }
      if (at < piece.length()) {
        cut.add(piece.substring(at));
      }
    }
    return cut;
  }

  @ParameterizedTest
  @MethodSource("names")
  void cutsAsItsExpressionsDoOneAfterTheOther(String name) {
    Splitter splitter = splitter(name);
    List<Splitter> steps =
        splitter instanceof SequenceSplitter sequence ? sequence.steps() : List.of(splitter);
    int flags = Pattern.UNICODE_CHARACTER_CLASS | Pattern.MULTILINE | Pattern.UNIX_LINES;
    List<Pattern> patterns =
        steps.stream()
            .map(step -> Pattern.compile(step.pattern().replace("p{Han}", "p{IsHan}"), flags))
            .toList();
    Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      String text = SplitterTest.randomText(random);
      List<String> expected = text.isEmpty() ? List.of() : List.of(text);
      for (Pattern pattern : patterns) {
        expected = isolate(pattern, expected);
      }
      assertThat(SplitterTest.pieces(splitter, text, 5)).as("\"%s\"", text).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void longRunsOfOneCharacterAreCutInLinearTime(String name) {
    for (String unit : List.of("a", "A", "é", "中", " ", "\n", " \n", "!", "\u0301", "aB", "a ")) {
      byte[] text = unit.repeat(20_000).getBytes(StandardCharsets.UTF_8);
      Splitter.Pieces pieces = splitter(name).pieces(text, 0, text.length);
      int[] ends = new int[512];
      int end = 0;
      for (int count = pieces.next(ends); count > 0; count = pieces.next(ends)) {
        end = ends[count - 1];
      }
      assertThat(end).isEqualTo(text.length);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "gpt-2 | `it's 1234 ok` | `it,'s, 1234, ok`",
        "starcoder | `it's 1234 ok` | `it,'s, ,1,2,3,4, ok`",
        "falcon | `a(b) 12345.6` | `a,(,b,), ,123,45,.,6`",
        "default | `a(b) 12345` | `a,(,b,), ,123,45`",
        "llama-bpe | `it'S 1234 ok` | `it,'S, ,123,4, ok`",
        "qwen2 | `it'S 12 ok` | `it,'S, ,1,2, ok`",
        "gpt-4o | `HelloWorld's ABCd 1234` | `Hello,World's, ABCd, ,123,4`",
        "tekken | `HelloWorld's 12` | `Hello,World,'s, ,1,2`",
        "deepseek-llm | `don't 1234 中文 ok` | `don,',t, ,1234, ,中文, ok`",
        "deepseek-coder | `x=12 ok.` | `x,=,1,2, ok,.`",
        "deepseek-v3 | `x(abc) 1234 中文か` | `x,(abc,), ,123,4, ,中文か`",
        "bloom | `one. two(3)` | `one,., two,(,3,)`",
        "superbpe | `1234567 x` | `1,234,567, x`"
      })
  void cutsAsTheModelPublishes(String name, String text, String pieces) {
    assertThat(String.join(",", SplitterTest.pieces(splitter(name), text, 9))).isEqualTo(pieces);
  }

  @Test
  void unknownNamesAreRefusedWithTheKnownOnes() throws IOException {
    Path real = TestData.file("tokenizers/gpt2/ggml-vocab-gpt-2.gguf");
    byte[] bytes = Files.readAllBytes(real);
    byte[] name = "gpt-2".getBytes(StandardCharsets.US_ASCII);
    byte[] key = "tokenizer.ggml.pre".getBytes(StandardCharsets.US_ASCII);
    int at = indexOf(bytes, key) + key.length + 12;
    System.arraycopy("gpt-9".getBytes(StandardCharsets.US_ASCII), 0, bytes, at, name.length);
    Path file = Files.write(folder.resolve("model.gguf"), bytes);
    assertThatThrownBy(() -> TokenizerFiles.load(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("gpt-9")
        .hasMessageContaining("deepseek-v3")
        .hasMessageContaining("tokenizer.ggml.pre");
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    return new String(bytes, StandardCharsets.ISO_8859_1)
        .indexOf(new String(wanted, StandardCharsets.ISO_8859_1));
  }
}
