package dev.lungo.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class LabReportTest {
  private static final Chart CHART =
      new Chart(
          "a < b",
          Axis.logarithmic("tokens"),
          Axis.linear("seconds"),
          List.of(
              Chart.Series.measured(
                  "ours", new double[] {1, 10, 100, 0}, new double[] {0, 2, Double.NaN, 1}),
              Chart.Series.expected("theory", new double[] {1, 1000}, new double[] {0, 4})));

  @Test
  void chartIsWellFormedAndLeavesOutWhatAxesCannotShow() throws Exception {
    Document svg =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(CHART.svg())));
    assertThat(svg.getDocumentElement().getAttribute("aria-label")).isEqualTo("a < b");
    // Of four measured points one is not a number and one has no logarithm.
    assertThat(svg.getElementsByTagName("circle").getLength()).isEqualTo(2);
  }

  @Test
  void logarithmicAxisLabelsPowersOfTen() {
    Axis.Stretch stretch =
        Axis.logarithmic("n").covering(new double[] {1, 1000, -5, Double.NaN}, 8);
    assertThat(stretch.ticks())
        .extracting(Axis.Tick::label)
        .containsExactly("1", "10", "100", "1k");
    assertThat(stretch.position(1)).isZero();
    assertThat(stretch.position(1000)).isEqualTo(1);
    assertThat(stretch.position(100)).isCloseTo(2 / 3.0, org.assertj.core.data.Offset.offset(1e-9));
  }

  @Test
  void linearAxisLabelsRoundValues() {
    Axis.Stretch stretch = Axis.linear("n").covering(new double[] {0.3, 2.1}, 4);
    assertThat(stretch.ticks())
        .extracting(Axis.Tick::label)
        .containsExactly("0", "0.5", "1", "1.5", "2", "2.5");
    assertThat(Axis.linear("n").covering(new double[] {3}, 4).position(3)).isBetween(0.0, 1.0);
  }

  @Test
  void pageEscapesAndShowsEverything() {
    LabReport report =
        new LabReport(
            "Title <1>",
            "Why?",
            List.of(new Finding("law", "2", "3", false)),
            List.of(new Table("T", List.of("a", "b"), List.of(List.of("x", "1 & 2")))),
            List.of(CHART));
    assertThat(report.html())
        .contains("Title &lt;1&gt;", "1 &amp; 2", "<svg", ">NO<")
        .doesNotContain("Title <1>");
    assertThat(report.text()).contains("x  1 & 2", "law");
  }

  @Test
  void rowThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> new Table("T", List.of("a", "b"), List.of(List.of("x"))))
        .hasMessageContaining("does not fit");
  }
}
