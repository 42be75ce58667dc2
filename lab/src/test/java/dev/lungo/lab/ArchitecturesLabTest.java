package dev.lungo.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchitecturesLabTest {
  @Test
  void allArchitecturesLearnWithAboutAsManyParameters(@TempDir Path folder) throws IOException {
    Path corpus = folder.resolve("text.txt");
    Files.writeString(corpus, "one and two and three and ".repeat(1000));
    ArchitecturesLab.Outcome outcome =
        ArchitecturesLab.run(
            new ArchitecturesLab.Settings(corpus.toString(), 0.05, 1, 2048, 1, 1),
            new LabListener() {
              @Override
              public void phase(String name, String text) {}

              @Override
              public void progressed(String part, double fraction) {}
            });
    assertThat(outcome.rows()).hasSize(4);
    double transformer = outcome.rows().getLast().parameters();
    for (ArchitecturesLab.Row row : outcome.rows()) {
      assertThat(row.parameters())
          .isBetween((long) (0.75 * transformer), (long) (1.25 * transformer));
      assertThat(row.steps()).isPositive();
      assertThat(row.bitsPerByte()).isPositive();
    }
    assertThat(outcome.report().text()).contains("Transformer", "bits per byte");
  }
}
