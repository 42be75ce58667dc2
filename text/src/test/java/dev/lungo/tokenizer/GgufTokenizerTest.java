package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufTokenizerTest {
  private static final List<String> TEXTS = BpeTrainerTest.texts(80, 4);

  @TempDir Path folder;

  private static BytePairTokenizer trained(Splitter splitter) {
    return new BpeTrainer(BpeTrainer.Settings.ofSize(500, splitter, 1)).train(TEXTS);
  }

  @Test
  void theWaysOfCuttingThatLlamaCppKnowsHaveNames() {
    for (String name : List.of("words", "gpt2", "gpt4")) {
      GgufTokenizer described = GgufTokenizer.of(trained(Splitter.named(name)), 500);
      assertThat(described.warnings()).as(name).isEmpty();
      assertThat(described.metadata())
          .containsEntry(
              "tokenizer.ggml.pre",
              switch (name) {
                case "words" -> "superbpe";
                case "gpt2" -> "gpt-2";
                default -> "smaug-bpe";
              });
    }
  }

  @Test
  void aWayOfCuttingWithoutANameIsSaid() {
    GgufTokenizer described = GgufTokenizer.of(trained(new CodeSplitter()), 500);
    assertThat(described.warnings()).singleElement().asString().contains("other tokens");
  }

  @Test
  void tokensThatCrossACutAreNotTakenForTokensOfWords() {
    BytePairDefinition crossing = trained(new CodeSplitter()).definition();
    BytePairTokenizer words =
        new BytePairTokenizer(
            BytePairDefinition.ofMerges(
                trained(new RegexSplitter("[\\s\\S]+")).definition().tokens(),
                trained(new RegexSplitter("[\\s\\S]+")).definition().merges(),
                new WordEndSplitter(),
                crossing.added(),
                crossing.frame()));
    assertThat(GgufTokenizer.of(words, 500).warnings()).hasSize(1);
  }

  @Test
  void writtenTokenizersReadBack() throws IOException {
    BytePairTokenizer tokenizer = trained(new Gpt2Splitter());
    Path file = folder.resolve("tokenizer.gguf");
    GgufWriter.write(file, GgufTokenizer.of(tokenizer, 510).metadata(), List.of());
    Tokenizer read = TokenizerFiles.load(file);
    assertThat(read.vocabularySize()).isEqualTo(510);
    assertThat(read.endOfText()).isEqualTo(tokenizer.endOfText());
    for (String text : List.of("", "\n\n  \u00e9 12345 <|endoftext|>", TEXTS.getFirst())) {
      for (SpecialMode mode : SpecialMode.values()) {
        assertThat(read.encode(text, mode)).isEqualTo(tokenizer.encode(text, mode));
      }
    }
  }

  @Test
  void sentencePiecesAreWrittenAsTheyWereRead() throws IOException {
    Path source;
    try (Stream<Path> files = Files.list(TestData.file("tokenizers/llama-spm"))) {
      source = files.filter(one -> one.toString().endsWith(".gguf")).findFirst().orElseThrow();
    }
    Tokenizer tokenizer = TokenizerFiles.load(source);
    Path file = folder.resolve("tokenizer.gguf");
    GgufWriter.write(
        file, GgufTokenizer.of(tokenizer, tokenizer.vocabularySize()).metadata(), List.of());
    Tokenizer read = TokenizerFiles.load(file);
    for (String text : List.of("", " a  b", "Hello, 世界 \ud83d\ude09\n\t12345")) {
      for (SpecialMode mode : SpecialMode.values()) {
        assertThat(read.encode(text, mode)).isEqualTo(tokenizer.encode(text, mode));
      }
    }
    assertThat(read.endOfText()).isEqualTo(tokenizer.endOfText());
  }

  @Test
  void modelsWithFewerIdsThanTokensAreRefused() {
    assertThatThrownBy(() -> GgufTokenizer.of(trained(new Gpt2Splitter()), 499))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("500 tokens")
        .hasMessageContaining("499");
    assertThatThrownBy(() -> GgufTokenizer.of(CharacterTokenizer.of("abc"), 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("safetensors");
  }
}
