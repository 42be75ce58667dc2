package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BpeTrainerTest {
  @TempDir Path folder;

  /// Pseudo-words of a made-up language, Zipf-like, in lines with indentation.
  static List<String> texts(int count, long seed) {
    Random random = new Random(seed);
    List<String> words = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      StringBuilder word = new StringBuilder();
      for (int syllables = 1 + random.nextInt(3); syllables > 0; syllables--) {
        word.append("ktmnslr".charAt(random.nextInt(7))).append("aeioué".charAt(random.nextInt(6)));
      }
      words.add(word.toString());
    }
    List<String> texts = new ArrayList<>();
    for (int t = 0; t < count; t++) {
      StringBuilder text = new StringBuilder();
      for (int line = 0; line < 40; line++) {
        text.repeat(' ', 4 * random.nextInt(4));
        for (int w = 0; w < 8; w++) {
          text.append(words.get((int) (300 * Math.pow(random.nextDouble(), 3))))
              .append(w == 7 ? ";\n" : " ");
        }
        text.append(random.nextInt(100_000)).append('\n');
      }
      texts.add(text.toString());
    }
    return texts;
  }

  @Test
  void theSameTextGivesTheSameTokenizerForAnyNumberOfThreads() throws IOException {
    // More than two chunks, so that threads do share the work.
    List<String> texts = texts(6_000, 1);
    List<byte[]> files = new ArrayList<>();
    for (int threads : new int[] {1, 2, 5}) {
      Path file = folder.resolve("tokenizer" + threads + ".json");
      new BpeTrainer(BpeTrainer.Settings.ofSize(600, threads)).train(texts).save(file);
      files.add(Files.readAllBytes(file));
    }
    assertThat(files.get(1)).isEqualTo(files.get(0));
    assertThat(files.get(2)).isEqualTo(files.get(0));
  }

  @Test
  void learnedTokenizerHasTheSizeAskedForAndGivesTextsBack() {
    List<String> texts = texts(100, 2);
    BytePairTokenizer tokenizer = new BpeTrainer(BpeTrainer.Settings.ofSize(500, 1)).train(texts);
    assertThat(tokenizer.vocabularySize()).isEqualTo(500);
    assertThat(tokenizer.endOfText()).hasValue(499);
    assertThat(tokenizer.idOf("<|endoftext|>")).hasValue(499);
    for (String text : texts.subList(0, 5)) {
      int[] ids = tokenizer.encode(text);
      assertThat(ids.length).isLessThan(text.length() / 2);
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void droppingRarePiecesStillLearnsTheFrequentOnes() {
    List<String> texts = texts(300, 3);
    BpeTrainer.Settings bounded =
        new BpeTrainer.Settings(400, new Gpt4Splitter(3), List.of("<|endoftext|>"), 2, 2, 400);
    BytePairTokenizer tokenizer = new BpeTrainer(bounded).train(texts);
    assertThat(tokenizer.vocabularySize()).isEqualTo(400);
  }

  @Test
  void vocabularyMustHoldAllBytes() {
    assertThatThrownBy(() -> BpeTrainer.Settings.ofSize(255, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("255")
        .hasMessageContaining("257");
  }

  @Test
  void noTextIsAnError() {
    BpeTrainer trainer = new BpeTrainer(BpeTrainer.Settings.ofSize(300, 1));
    assertThatThrownBy(() -> trainer.train(Optional::empty))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no text");
  }

  @Test
  void tooLittleTextGivesASmallerVocabulary() {
    BytePairTokenizer tokenizer =
        new BpeTrainer(BpeTrainer.Settings.ofSize(1000, 1)).train(List.of("abab abab"));
    assertThat(tokenizer.vocabularySize()).isBetween(258, 270);
    assertThat(tokenizer.decode(tokenizer.encode("abab"))).isEqualTo("abab");
  }
}
