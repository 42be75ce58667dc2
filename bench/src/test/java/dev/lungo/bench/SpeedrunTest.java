package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.bench.SpeedrunContestant.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeedrunTest {
  private static final List<Point> POINTS =
      List.of(
          new Point(10, 5, 4), new Point(20, 10, 3), new Point(30, 15, 3.5), new Point(40, 20, 2));

  @Test
  void targetIsReachedBetweenTwoMeasurements() {
    assertThat(SpeedrunContestant.secondsTo(3.25, POINTS).orElseThrow())
        .isCloseTo(17.5, within(1e-9));
    assertThat(SpeedrunContestant.secondsTo(2.75, POINTS).orElseThrow())
        .isCloseTo(35, within(1e-9));
  }

  @Test
  void targetReachedBeforeTheFirstMeasurementCountsAsThatMeasurement() {
    assertThat(SpeedrunContestant.secondsTo(9, POINTS)).hasValue(10);
  }

  @Test
  void targetBelowEveryMeasurementIsNotReached() {
    assertThat(SpeedrunContestant.secondsTo(1.9, POINTS)).isEmpty();
  }

  @Test
  void plainRecipeWarmsUpAndFallsToZero() {
    assertThat(PlainRecipe.factor(0)).isEqualTo(0.01);
    assertThat(PlainRecipe.factor(0.01)).isCloseTo(0.5, within(1e-9));
    assertThat(PlainRecipe.factor(0.02)).isCloseTo(1, within(1e-9));
    assertThat(PlainRecipe.factor(0.51)).isCloseTo(0.5, within(1e-9));
    assertThat(PlainRecipe.factor(1)).isCloseTo(0, within(1e-9));
  }

  @Test
  void bitsPerByteDoNotDependOnTheTokenizer() {
    var oneByteEach = new PlainRecipe.HeldOut(Path.of("held-out"), 1000, 1000);
    var fourBytesEach = new PlainRecipe.HeldOut(Path.of("held-out"), 250, 1000);
    assertThat(oneByteEach.bitsPerByte(Math.log(2))).isCloseTo(1, within(1e-12));
    assertThat(fourBytesEach.bitsPerByte(4 * Math.log(2))).isCloseTo(1, within(1e-12));
  }

  @Test
  void peersGetTheBatchesThatWeGet(@TempDir Path folder) throws IOException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "for (int i = 0; i < count; i++) { sum += values[i]; }\n".repeat(400));
    TrainingCase sizes = new TrainingCase(8, 1, 2, 16, 3, 300, 32, true);
    Path file = folder.resolve("batches");
    try (SpeedrunData data = SpeedrunData.prepare(folder, Optional.of(text), 300, 1)) {
      var batches = dev.lungo.train.ShardBatches.training(data.training(), 7);
      long bytes = data.writeBatches(file, batches, sizes, 4);
      int[] counts = data.tokenizer().byteCounts();
      long expected = 0;
      for (int[] batch : TrainingFiles.readBatches(file, sizes)) {
        for (int i = 0; i < sizes.tokens(); i++) {
          expected += counts[batch[sizes.tokens() + i]];
          if (i % sizes.context() > 0) {
            assertThat(batch[sizes.tokens() + i - 1]).isEqualTo(batch[i]);
          }
        }
      }
      assertThat(bytes).isEqualTo(expected).isPositive();
    }
  }
}
