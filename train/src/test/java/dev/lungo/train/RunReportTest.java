package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTest {
  @TempDir Path folder;

  private static RunReport report() {
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("valBitsPerByte", 1.2340004567);
    summary.put("parameters", 1_234_567L);
    summary.put("tokensPerSecond", 12345.678);
    summary.put("rate", 1e-5);
    summary.put("shareOfPeak", Double.NaN);
    return new RunReport(
        "java-small",
        summary,
        List.of(
            new Curve("training loss", new double[] {1, 2, 3}, new double[] {8, 7, 6}),
            new Curve("held-out bits per byte", new double[0], new double[0])),
        List.of(
            new RunReport.Sample(
                100, "public static", " <T> void x() { if (a && b) \"</pre>\u0007\ud800\" }")),
        Map.of("depth", "4"),
        List.of("./lungo generate runs/java-small --prompt 'public static'"));
  }

  @Test
  void thePageStandsAlone() throws IOException {
    report().write(folder);
    String page = Files.readString(folder.resolve("report.html"));
    assertThat(page).doesNotContain("<script").doesNotContain("http").doesNotContain("url(");
    assertThat(page).contains("prefers-color-scheme: dark").contains("<svg");
    assertThat(page)
        .contains("java-small", "1.234", "Training loss", "After step 100", "<b>public static</b>")
        .contains("./lungo generate runs/java-small --prompt 'public static'");
  }

  @Test
  void numbersAndNamesAreReadable() {
    assertThat(report().html())
        .contains(
            "held-out bits per byte</th><td>1.234</td>",
            "parameters</th><td>1,234,567</td>",
            "tokens per second</th><td>12,346</td>",
            "rate</th><td>0.00001</td>",
            "share of peak</th><td>NaN</td>");
  }

  @Test
  void curvesWithoutPointsAreLeftOut() {
    assertThat(report().html()).doesNotContain("Held-out bits per byte</h2>");
  }

  @Test
  void whatAModelWritesCannotBecomeMarkup() {
    String page = report().html();
    assertThat(page)
        .contains(
            "&lt;T&gt; void x() { if (a &amp;&amp; b) &quot;&lt;/pre&gt;\ufffd\ufffd&quot; }");
  }

  /// HTML has void elements; apart from those, every element that opens must close in order.
  @Test
  void elementsNest() throws Exception {
    String body = report().html();
    body = body.substring(body.indexOf("<h1>"), body.indexOf("</html>"));
    var factory = javax.xml.parsers.DocumentBuilderFactory.newInstance();
    var document =
        factory
            .newDocumentBuilder()
            .parse(new org.xml.sax.InputSource(new StringReader("<body>" + body + "</body>")));
    assertThat(document.getElementsByTagName("polyline").getLength()).isEqualTo(1);
    assertThat(Pattern.compile("<circle").matcher(body).results().count()).isEqualTo(3);
  }
}
