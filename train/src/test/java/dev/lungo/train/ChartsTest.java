package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ChartsTest {
  private static Curve falling(int points) {
    double[] x = new double[points];
    double[] y = new double[points];
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < points; i++) {
      x[i] = i + 1;
      y[i] = 2 + 6 / Math.sqrt(i + 1) + random.nextGaussian(0, 0.05);
    }
    return new Curve("training loss", x, y);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 10, 5, 0, 10, 2",
    "0.13, 0.97, 4, 0, 1, 0.5",
    "-3, 3, 6, -3, 3, 1",
    "1234, 9876, 4, 0, 10000, 5000",
    "7, 7, 4, 6, 8, 0.5",
    "0, 0, 4, -1, 1, 0.5"
  })
  void scalesCoverTheValuesWithRoundLabels(
      double least, double most, int labels, double from, double to, double tick) {
    ChartScale scale = ChartScale.covering(new double[] {most, Double.NaN, least}, labels);
    assertThat(scale.tick()).isEqualTo(tick);
    assertThat(scale.from()).isLessThanOrEqualTo(least).isEqualTo(from);
    assertThat(scale.to()).isGreaterThanOrEqualTo(most).isEqualTo(to);
  }

  @Test
  void labelsHaveTheDigitsTheyNeed() {
    ChartScale scale = ChartScale.covering(new double[] {0.1, 0.34}, 4);
    assertThat(scale.text(0)).isEqualTo("0.1");
    assertThat(scale.text(1)).isEqualTo("0.2");
    ChartScale steps = ChartScale.covering(new double[] {1, 20_000}, 4);
    assertThat(steps.text(1)).isEqualTo("5k");
    assertThat(ChartScale.covering(new double[0], 4).text(0)).isEqualTo("0.0");
  }

  @ParameterizedTest
  @EnumSource
  void terminalChartsFitTheirWidthAndFallFromLeftToRight(TerminalChart.Characters characters) {
    String chart = TerminalChart.draw(falling(1000), 60, 10, characters);
    String[] lines = chart.split("\n");
    assertThat(lines).hasSize(13);
    assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(60));
    assertThat(lines[0].strip()).isEqualTo("training loss");
    assertThat(lines[12]).endsWith("step 1000").contains(" 1 ");
    int margin = lines[11].indexOf(characters == TerminalChart.Characters.ASCII ? '+' : '╰');
    int last = -1;
    for (int row = 1; row <= 10; row++) {
      int end = lines[row].length() - 1;
      if (end > margin) {
        assertThat(end).as(chart).isGreaterThanOrEqualTo(last);
        last = end;
      }
    }
    assertThat(last).isEqualTo(59);
    if (characters == TerminalChart.Characters.ASCII) {
      assertThat(chart).matches("[\\x20-\\x7e\\n]*").contains("*");
    }
  }

  @Test
  void chartsOfNothingAndOfOnePointAreDrawn() {
    for (TerminalChart.Characters characters : TerminalChart.Characters.values()) {
      assertThat(TerminalChart.draw(falling(0), 40, 5, characters)).contains("training loss");
      assertThat(TerminalChart.draw(falling(1), 40, 5, characters)).contains("step 1");
      assertThat(TerminalChart.draw(falling(2), 40, 5, characters)).contains("step 2");
    }
    assertThatThrownBy(() -> TerminalChart.draw(falling(2), 10, 5, TerminalChart.Characters.ASCII))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void plainTerminalsGetPlainCharacters() {
    assertThat(TerminalChart.Characters.suiting(Map.of("TERM", "xterm"), StandardCharsets.UTF_8))
        .isEqualTo(TerminalChart.Characters.BRAILLE);
    assertThat(TerminalChart.Characters.suiting(Map.of("NO_COLOR", "1"), StandardCharsets.UTF_8))
        .isEqualTo(TerminalChart.Characters.ASCII);
    assertThat(TerminalChart.Characters.suiting(Map.of("NO_COLOR", ""), StandardCharsets.UTF_8))
        .isEqualTo(TerminalChart.Characters.BRAILLE);
    assertThat(TerminalChart.Characters.suiting(Map.of("TERM", "dumb"), StandardCharsets.UTF_8))
        .isEqualTo(TerminalChart.Characters.ASCII);
    assertThat(TerminalChart.Characters.suiting(Map.of(), StandardCharsets.US_ASCII))
        .isEqualTo(TerminalChart.Characters.ASCII);
  }

  @Test
  void drawingsStaySmallAndInside() {
    String svg = CurveSvg.draw(falling(100_000));
    assertThat(svg.length()).isLessThan(25_000);
    Matcher points = Pattern.compile("(-?[\\d.]+),(-?[\\d.]+)").matcher(svg);
    int count = 0;
    while (points.find()) {
      assertThat(Double.parseDouble(points.group(1))).isBetween(0.0, 760.0);
      assertThat(Double.parseDouble(points.group(2))).isBetween(0.0, 288.0);
      count++;
    }
    assertThat(count).isEqualTo(1200);
    assertThat(CurveSvg.draw(falling(0))).contains("<svg").doesNotContain("NaN");
    assertThat(CurveSvg.draw(falling(1))).contains("<circle").doesNotContain("NaN");
  }

  @Test
  void thinningKeepsTheMean() {
    Curve curve = falling(1000);
    Curve thinned = curve.thinned(10);
    double mean = 0;
    double thinnedMean = 0;
    for (double y : curve.y()) {
      mean += y / 1000;
    }
    for (double y : thinned.y()) {
      thinnedMean += y / 10;
    }
    assertThat(thinnedMean).isCloseTo(mean, Offset.offset(1e-12));
    assertThat(curve.thinned(5000)).isSameAs(curve);
  }

  @Test
  void smoothingNeitherLagsNorBends() {
    double[] x = new double[101];
    double[] y = new double[101];
    for (int i = 0; i < x.length; i++) {
      x[i] = i;
      y[i] = 3 * i;
    }
    double[] smooth = new Curve("line", x, y).smoothed(0.8).y();
    assertThat(smooth[50]).isCloseTo(150, Offset.offset(0.01));
    // All weights together are (1 + 0.8) / (1 - 0.8) = 9, the spike's own is 1.
    double[] spike = new double[101];
    spike[50] = 9;
    assertThat(new Curve("spike", x, spike).smoothed(0.8).y()[50])
        .isCloseTo(1, Offset.offset(0.01));
  }
}
