package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingFilesTest {
  private static final TrainingCase SIZES = new TrainingCase(8, 1, 2, 5, 3, 100, 32, true);

  @Test
  void targetsAreTheIdsThatFollow(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("batches");
    TrainingFiles.writeBatches(file, SIZES, 2, 7);
    int[][] batches = TrainingFiles.readBatches(file, SIZES);
    assertThat(batches.length).isEqualTo(2);
    for (int[] batch : batches) {
      assertThat(batch).hasSize(30);
      for (int i = 1; i < SIZES.tokens(); i++) {
        assertThat(batch[SIZES.tokens() + i - 1]).isEqualTo(batch[i]).isBetween(0, 99);
      }
    }
    assertThat(batches[0]).isNotEqualTo(batches[1]);
  }

  @Test
  void caseSurvivesTheLineProtocol() {
    assertThat(TrainingCase.parse(("model 2 " + SIZES.words()).split(" "), 2)).isEqualTo(SIZES);
  }

  @Test
  void referenceCaseHasTheSizesOfItsName() {
    TrainingCase reference = TrainingCase.reference(true);
    assertThat(reference.feedForward()).isEqualTo(672);
    assertThat(reference.tokens()).isEqualTo(2048);
    assertThat(reference.headDim()).isEqualTo(64);
  }
}
