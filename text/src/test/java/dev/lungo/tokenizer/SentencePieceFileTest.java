package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What SentencePiece's own encoder gave; the resources' README says how.
final class SentencePieceFileTest {
  @TempDir Path folder;

  static byte[] resource(String name) {
    try (InputStream in =
        SentencePieceFileTest.class.getResourceAsStream("sentencepiece/" + name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> lines(String name) {
    return new String(resource(name), StandardCharsets.UTF_8).lines().toList();
  }

  private Tokenizer load(String name) throws IOException {
    return TokenizerFiles.load(
        Files.write(folder.resolve("tokenizer.model"), resource(name + ".model")));
  }

  private static int[] ids(String line) {
    return line.isBlank()
        ? new int[0]
        : Arrays.stream(line.strip().split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"unigram", "bpe", "bytes", "unigram-bytes"})
  void givesTheIdsOfSentencePiece(String name) throws IOException {
    Tokenizer tokenizer = load(name);
    List<String> texts = lines("lines.txt");
    List<String> expected = lines(name + ".ids");
    assertThat(expected).hasSameSizeAs(texts);
    for (int i = 0; i < texts.size(); i++) {
      assertThat(tokenizer.encode(texts.get(i)))
          .as("%s of \"%s\"", name, texts.get(i))
          .isEqualTo(ids(expected.get(i)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unigram", "bpe", "bytes", "unigram-bytes"})
  void savedAsJsonItGivesTheSameIds(String name) throws IOException {
    Tokenizer tokenizer = load(name);
    Path saved = folder.resolve("saved.json");
    tokenizer.save(saved);
    Tokenizer loaded = TokenizerFiles.load(saved);
    for (String text : lines("lines.txt")) {
      assertThat(loaded.encode(text, SpecialMode.FRAME))
          .as(text)
          .isEqualTo(tokenizer.encode(text, SpecialMode.FRAME));
    }
    assertThat(loaded.beginOfText()).isEqualTo(tokenizer.beginOfText());
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes", "unigram-bytes"})
  void textComesBack(String name) throws IOException {
    Tokenizer tokenizer = load(name);
    for (String text : lines("lines.txt")) {
      if (!text.contains("▁")) {
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
      }
    }
  }

  @Test
  void configurationBesideItSaysWhatStandsAroundTexts() throws IOException {
    Tokenizer tokenizer = load("bpe");
    assertThat(tokenizer.encode("a", SpecialMode.FRAME)[0]).isEqualTo(1);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"add_bos_token\": false, \"add_eos_token\": true}");
    assertThat(load("bpe").encode("a", SpecialMode.FRAME)).endsWith(2).doesNotContain(1);
  }
}
