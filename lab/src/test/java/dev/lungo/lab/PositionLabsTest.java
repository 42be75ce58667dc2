package dev.lungo.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.model.LlamaConfig;
import dev.lungo.model.PositionScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The labs of positions and of long contexts, on a text and with steps too few to learn much.
class PositionLabsTest {
  @TempDir static Path folder;
  private static Path corpus;

  private static final class Silent implements LabListener {
    private final List<String> phases = new ArrayList<>();

    @Override
    public void phase(String name, String text) {
      phases.add(name);
    }

    @Override
    public void progressed(String part, double fraction) {
      assertThat(fraction).isBetween(0.0, 1.001);
    }
  }

  @BeforeAll
  static void write() throws IOException {
    SplittableRandom random = new SplittableRandom(4);
    List<String> words = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      StringBuilder word = new StringBuilder();
      for (int length = 3 + random.nextInt(5); length > 0; length--) {
        word.append((char) ('a' + random.nextInt(26)));
      }
      words.add(word.toString());
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 12_000; i++) {
      text.append(words.get(random.nextInt(words.size()))).append(i % 11 == 0 ? "\n" : " ");
    }
    corpus = Files.writeString(folder.resolve("words.txt"), text.toString());
  }

  @Test
  void everyKindOfPositionsIsMeasuredAtEveryLength() throws IOException {
    Silent silent = new Silent();
    PositionsLab.Outcome outcome =
        PositionsLab.run(
            new PositionsLab.Settings(corpus.toString(), 1, List.of(256, 512, 1024), 1024, 1, 2),
            silent);
    int kinds = PositionScheme.values().length + 5;
    assertThat(outcome.rows()).hasSize(kinds * 3);
    assertThat(outcome.rows()).allMatch(row -> row.bitsPerByte() > 0 && row.bitsPerByte() < 20);
    assertThat(outcome.rows().stream().map(PositionsLab.Row::name).distinct())
        .contains("rope", "rope + yarn", "alibi", "sinusoidal", "learned", "none");
    assertThat(silent.phases).contains("time", "alibi");
    assertThat(outcome.report().findings()).hasSize(6);
    assertThat(outcome.report().html()).contains("<svg", "sinusoidal");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PositionsLab.Settings("", 0, PositionsLab.LENGTHS, 4096, 1, 1));
  }

  @Test
  void everyWayToExtendAContextIsMeasured() throws IOException {
    ContextLab.Outcome outcome =
        ContextLab.run(
            new ContextLab.Settings(corpus.toString(), 1, List.of(1024, 600), 1, 2), new Silent());
    assertThat(outcome.rows()).hasSize(1 + 2 * 10);
    assertThat(outcome.rows()).allMatch(row -> row.bitsPerByte() > 0 && row.found() <= 8);
    long[] rolling =
        outcome.rows().stream()
            .filter(row -> row.name().equals("window, sinks"))
            .mapToLong(ContextLab.Row::cacheBytes)
            .toArray();
    assertThat(rolling).hasSize(2);
    assertThat(rolling[0]).isEqualTo(rolling[1]);
    assertThat(outcome.report().text()).contains("Llama 3 8B, grouped-query", "16.0 GiB");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ContextLab.Settings("", 1, List.of(512), 1, 1))
        .withMessageContaining("512");
  }

  @Test
  void theCacheOfLlama3TakesWhatArithmeticSays() {
    LlamaConfig small = new LlamaConfig(100, 64, 2, 4, 2, 16, 64, 64, 1e-5f, 10_000, false);
    String text =
        new LabReport(
                "", "", List.of(), List.of(CacheMemory.table(small, List.of(8192))), List.of())
            .text();
    assertThat(text)
        .containsPattern("Llama 3 8B, multi-head +32 +4,096.0 MiB")
        .containsPattern("Llama 3 8B, grouped-query +8 +1,024.0 MiB")
        .containsPattern("Llama 3 8B, multi-query +1 +128.0 MiB")
        .containsPattern("this model, multi-query +1 +1.0 MiB");
    assertThat(CacheMemory.llama().agrees()).isTrue();
  }
}
