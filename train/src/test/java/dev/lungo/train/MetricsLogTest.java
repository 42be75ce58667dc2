package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  private static final MetricsLog.Step FIRST = new MetricsLog.Step(1, 8.25, 1.5, 0.0005, 1000, 0.5);
  private static final MetricsLog.Step SECOND = new MetricsLog.Step(2, 7.5, 1.25, 0.001, 1250, 1);
  private static final MetricsLog.Held HELD = new MetricsLog.Held(2, 7.75, 3.5, 1);
  private static final MetricsLog.Skipped SKIPPED = new MetricsLog.Skipped(3);

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void writeFourEvents() throws IOException {
    file = folder.resolve(MetricsLog.FILE);
    try (MetricsLog log = MetricsLog.create(file)) {
      for (MetricsLog.Event event : List.of(FIRST, SECOND, HELD, SKIPPED)) {
        log.add(event);
      }
    }
  }

  @Test
  void eventsAreLinesOfJson() throws IOException {
    assertThat(Files.readAllLines(file))
        .startsWith(
            "{\"event\":\"step\",\"step\":1,\"loss\":8.25,\"gradientNorm\":1.5,\"learningRate\":5.0E-4,"
                + "\"tokensPerSecond\":1000.0,\"elapsedSeconds\":0.5}")
        .endsWith("{\"event\":\"skipped\",\"step\":3}");
    assertThat(MetricsLog.read(file).subList(1, 4))
        .isEqualTo(List.of(withFloatRate(SECOND), HELD, SKIPPED));
  }

  /// The log keeps seven digits.
  private static MetricsLog.Step withFloatRate(MetricsLog.Step step) {
    return new MetricsLog.Step(
        step.step(),
        step.loss(),
        step.gradientNorm(),
        Double.parseDouble(Float.toString((float) step.learningRate())),
        step.tokensPerSecond(),
        step.elapsedSeconds());
  }

  @Test
  void numbersThatAreNoneBecomeNull() throws IOException {
    try (MetricsLog log = MetricsLog.create(file)) {
      log.add(new MetricsLog.Held(1, Double.NaN, Double.POSITIVE_INFINITY, 0));
    }
    assertThat(Files.readString(file)).contains("\"valLoss\":null,\"valBitsPerByte\":null");
    assertThat(MetricsLog.read(file))
        .containsExactly(new MetricsLog.Held(1, Double.NaN, Double.NaN, 0));
  }

  @Test
  void resumingDropsWhatTheRunForgot() throws IOException {
    try (MetricsLog log = MetricsLog.resume(file, 2)) {
      log.add(new MetricsLog.Skipped(3));
      log.add(new MetricsLog.Skipped(4));
    }
    assertThat(MetricsLog.read(file)).hasSize(5).endsWith(HELD, SKIPPED, new MetricsLog.Skipped(4));
    MetricsLog.resume(file, 0).close();
    assertThat(file).isEmptyFile();
  }

  @Test
  void resumingWithoutALogStartsOne() throws IOException {
    Path absent = folder.resolve("absent.jsonl");
    MetricsLog.resume(absent, 10).close();
    assertThat(absent).isEmptyFile();
  }

  @Test
  void aTornLastLineIsDropped() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int length = whole.length - 1; length > whole.length - 20; length--) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(MetricsLog.read(file)).hasSize(3);
      try (MetricsLog log = MetricsLog.resume(file, 100)) {
        log.add(SKIPPED);
      }
      assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    }
  }

  @Test
  void aBrokenLineInTheMiddleIsReportedWithItsPlace() throws IOException {
    long before = Files.size(file);
    for (String broken :
        List.of(
            "{",
            "[]",
            "{\"step\":1}",
            "{\"event\":\"other\",\"step\":1}",
            "{\"event\":\"held\",\"step\":1}",
            "x".repeat(100_000))) {
      Files.writeString(file, broken + "\n", StandardOpenOption.APPEND);
      assertThatThrownBy(() -> MetricsLog.read(file))
          .as(broken.substring(0, Math.min(20, broken.length())))
          .isInstanceOfSatisfying(
              MalformedFileException.class, e -> assertThat(e.offset()).isEqualTo(before));
      writeFourEvents();
    }
  }

  @Test
  void curvesAreTakenFromTheLog() throws IOException {
    List<MetricsLog.Event> events = MetricsLog.read(file);
    assertThat(Curve.loss(events).x()).containsExactly(1, 2);
    assertThat(Curve.loss(events).y()).containsExactly(8.25, 7.5);
    assertThat(Curve.valBitsPerByte(events).x()).containsExactly(2);
    assertThat(Curve.valBitsPerByte(events).y()).containsExactly(3.5);
  }
}
