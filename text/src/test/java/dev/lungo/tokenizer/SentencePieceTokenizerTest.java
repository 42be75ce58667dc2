package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SentencePieceTokenizerTest {
  @TempDir Path folder;

  /// Bytes at 3 to 258, then: ▁ a b ab ▁ab bab.
  private static SentencePieceTokenizer small() {
    List<String> names = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    List<TokenType> types =
        new ArrayList<>(List.of(TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL));
    for (int b = 0; b < 256; b++) {
      names.add("<0x%02X>".formatted(b));
      types.add(TokenType.BYTE);
    }
    for (String piece : List.of("▁", "a", "b", "ab", "▁ab", "bab")) {
      names.add(piece);
      types.add(TokenType.NORMAL);
    }
    float[] scores = new float[names.size()];
    for (int id = 259; id < scores.length; id++) {
      scores[id] = id == 264 ? 1 : -id;
    }
    return new SentencePieceTokenizer(
        names, scores, types.toArray(TokenType[]::new), OptionalInt.of(1), OptionalInt.of(2));
  }

  @Test
  void joinsBestScoreFirstAndFallsBackToBytes() {
    SentencePieceTokenizer tokenizer = small();
    // ab before ▁ab; then bab (score 1) is formed where it can be.
    assertThat(tokenizer.encode("ab")).containsExactly(263);
    assertThat(tokenizer.encode("bab")).containsExactly(259, 264);
    assertThat(tokenizer.encode("é")).containsExactly(259, 3 + 0xc3, 3 + 0xa9);
    assertThat(tokenizer.encode("ab", SpecialMode.FRAME)).containsExactly(1, 263);
    assertThat(tokenizer.encode("</s>ab", SpecialMode.PARSE)).containsExactly(2, 263);
  }

  @Test
  void textComesBackWithoutTheSpaceThatWasPutBefore() {
    SentencePieceTokenizer tokenizer = small();
    for (String text : List.of("ab ab", " ab", "x é\n", "中😉", "")) {
      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
      StreamingDecoder decoder = tokenizer.streamingDecoder();
      StringBuilder streamed = new StringBuilder();
      for (int id : tokenizer.encode(text, SpecialMode.FRAME)) {
        streamed.append(decoder.accept(id));
      }
      assertThat(streamed.append(decoder.finish()).toString()).isEqualTo(text);
    }
  }

  @Test
  void savedTokenizerGivesTheSameIds() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    small().save(file);
    Tokenizer loaded = TokenizerFiles.load(file);
    assertThat(loaded).isInstanceOf(PipelineTokenizer.class);
    for (String text : List.of("ab ab", "babab abba", "é b a")) {
      assertThat(loaded.encode(text, SpecialMode.FRAME))
          .isEqualTo(small().encode(text, SpecialMode.FRAME));
    }
  }

  @Test
  void savedLlamaVocabularyGivesTheSameIds() throws IOException {
    Tokenizer llama = TokenizerFiles.load(TestData.file("models/stories260K/tok512.bin"));
    Path file = folder.resolve("stories.json");
    llama.save(file);
    Tokenizer loaded = TokenizerFiles.load(file);
    String text =
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
    assertThat(loaded.encode(text, SpecialMode.FRAME))
        .isEqualTo(llama.encode(text, SpecialMode.FRAME));
    assertThat(loaded.decode(loaded.encode(text))).isEqualTo(text);
  }

  @Test
  void listsOfDifferentLengthsAreRefused() {
    assertThatThrownBy(() ->
            new SentencePieceTokenizer(
                List.of("a"),
                new float[2],
                new TokenType[1],
                OptionalInt.empty(),
                OptionalInt.empty()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
