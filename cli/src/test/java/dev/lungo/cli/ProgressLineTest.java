package dev.lungo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.train.TrainingLoop;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
  private final StringBuilder out = new StringBuilder();
  private long nanos;

  private static TrainingLoop.Progress progress(long step) {
    return new TrainingLoop.Progress(
        step,
        OptionalLong.of(200),
        step / 200.0,
        3.3,
        3.25,
        OptionalDouble.of(1.5),
        0.9,
        1,
        12_345,
        60,
        65);
  }

  private ProgressLine line(ProgressLine.Style style, int columns) {
    return new ProgressLine(out, style, columns, () -> nanos);
  }

  @Test
  void aPlainLineSaysEverything() {
    line(ProgressLine.Style.PLAIN, 80)
        .show(new TrainingStatus(progress(50), OptionalDouble.of(0.615)));
    assertThat(out.toString())
        .isEqualTo(
            " 25%  step 50/200  loss 3.250  held-out 1.500 bits/byte  12.3k tok/s  62% of peak  1m 05s left\n");
  }

  @Test
  void whatIsUnknownIsLeftOut() {
    TrainingLoop.Progress start =
        new TrainingLoop.Progress(
            1, OptionalLong.empty(), 0.001, 8, 8, OptionalDouble.empty(), 1, 1, 900, 0.1, 180);
    line(ProgressLine.Style.PLAIN, 80).show(new TrainingStatus(start, OptionalDouble.empty()));
    assertThat(out.toString()).isEqualTo("  0%  step 1  loss 8.000  900 tok/s  3m 00s left\n");
  }

  @Test
  void plainLinesComeAtGrowingIntervals() {
    ProgressLine line = line(ProgressLine.Style.PLAIN, 80);
    int lines = 0;
    for (int second = 0; second < 600; second++) {
      nanos = second * 1_000_000_000L;
      line.update(new TrainingStatus(progress(1), OptionalDouble.empty()));
    }
    lines = (int) out.chars().filter(c -> c == '\n').count();
    // At 0, 5, 13, 24, 41, 66, 104, 160 seconds, then every minute.
    assertThat(lines).isBetween(13, 17);
    assertThat(out.toString()).doesNotContain("\u001b").doesNotContain("\r");
  }

  @Test
  void aBarRedrawsItselfWithinTheTerminalsWidth() {
    ProgressLine line = line(ProgressLine.Style.BAR, 40);
    for (int i = 0; i < 100; i++) {
      nanos = i * 10_000_000L;
      line.update(new TrainingStatus(progress(100), OptionalDouble.of(0.5)));
    }
    String[] drawings = out.toString().split("\r\u001b\\[2K");
    assertThat(drawings).hasSize(1 + 10);
    assertThat(drawings[1]).isEqualTo(" 50%  loss 3.250  held-out 1.500 bits/b");
    line.message("a sample");
    line.close();
    assertThat(out.toString()).endsWith("\r\u001b[2Ka sample\n").doesNotContain("sample\n\n");
  }

  @Test
  void closingABarStartsANewLine() {
    ProgressLine line = line(ProgressLine.Style.BAR, 80);
    line.show(new TrainingStatus(progress(3), OptionalDouble.empty()));
    line.close();
    line.close();
    assertThat(out.toString()).endsWith("left\n").startsWith("\r\u001b[2K▕▏       ▏   2%  loss");
  }

  @Test
  void wideTerminalsShowMore() {
    ProgressLine line = line(ProgressLine.Style.BAR, 100);
    line.show(new TrainingStatus(progress(100), OptionalDouble.of(0.5)));
    assertThat(out.toString()).contains("▕█").contains("50% of peak").doesNotContain("step");
    out.setLength(0);
    line(ProgressLine.Style.BAR, 120)
        .show(new TrainingStatus(progress(100), OptionalDouble.of(0.5)));
    assertThat(out.toString()).contains("▏  50%  step 100/200  loss").hasSize(5 + 119);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0s",
    "59.4, 59s",
    "59.6, 1m 00s",
    "185, 3m 05s",
    "7800, 2h 10m",
    "NaN, ?",
    "-4, 0s"
  })
  void durationsReadAsPeopleSayThem(double seconds, String expected) {
    assertThat(ProgressLine.duration(seconds)).isEqualTo(expected);
  }
}
