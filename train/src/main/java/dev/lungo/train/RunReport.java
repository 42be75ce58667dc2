package dev.lungo.train;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The page that a run leaves behind: charts, what came out, samples, settings. It needs nothing
/// from the network and follows the reader's choice of light or dark.
///
/// @param title usually the run's name
/// @param summary what came out, in the order to be shown; names in camel case are shown as words
/// @param curves drawn one below the other; those without points are left out
/// @param samples what the model wrote along the way
/// @param settings what the run was told
/// @param nextCommands to be tried now, one a line
public record RunReport(
    String title,
    Map<String, Object> summary,
    List<Curve> curves,
    List<Sample> samples,
    Map<String, Object> settings,
    List<String> nextCommands) {
  /// The file's name in a run's folder.
  public static final String FILE = "report.html";

  /// Text that the model wrote.
  ///
  /// @param step after which it wrote
  public record Sample(long step, String prompt, String continuation) {}

  private static final MathContext DIGITS = new MathContext(5);

  /// Writes `report.html` into a run's folder.
  public void write(Path folder) throws IOException {
    AtomicFiles.writeString(folder.resolve(FILE), html());
  }

  /// Returns the page.
  String html() {
    StringBuilder page = new StringBuilder(64 << 10);
    page.append(HtmlPage.head(title));
    page.append("<h1>").append(HtmlPage.escaped(title)).append("</h1>\n");
    table(page, summary);
    for (Curve curve : curves) {
      if (curve.size() > 0) {
        page.append("<h2>").append(HtmlPage.escaped(capitalized(curve.name()))).append("</h2>\n");
        page.append(CurveSvg.draw(curve));
      }
    }
    if (!samples.isEmpty()) {
      page.append("<h2>Samples</h2>\n");
      for (Sample sample : samples) {
        page.append("<p>After step ").append(sample.step()).append(":</p>\n<pre><b>");
        page.append(HtmlPage.escaped(sample.prompt()))
            .append("</b>")
            .append(HtmlPage.escaped(sample.continuation()));
        page.append("</pre>\n");
      }
    }
    if (!nextCommands.isEmpty()) {
      page.append("<h2>What to try next</h2>\n<pre>");
      page.append(HtmlPage.escaped(String.join("\n", nextCommands))).append("</pre>\n");
    }
    page.append("<h2>Settings</h2>\n");
    table(page, settings);
    return page.append("</html>\n").toString();
  }

  private static void table(StringBuilder page, Map<String, Object> rows) {
    page.append("<table>\n");
    rows.forEach((name, value) ->
        page.append("<tr><th scope=\"row\">")
            .append(HtmlPage.escaped(words(name)))
            .append("</th><td>")
            .append(HtmlPage.escaped(readable(value)))
            .append("</td></tr>\n"));
    page.append("</table>\n");
  }

  /// Writes `valBitsPerByte` as `held-out bits per byte`.
  private static String words(String camelCase) {
    StringBuilder words = new StringBuilder();
    for (char c : camelCase.toCharArray()) {
      if (Character.isUpperCase(c)) {
        words.append(' ');
      }
      words.append(Character.toLowerCase(c));
    }
    return words.toString().replaceFirst("^val ", "held-out ");
  }

  private static String readable(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case Double number when !Double.isFinite(number) -> number.toString();
      case Double number when Math.abs(number) >= 1000 && Math.abs(number) < 1e15 ->
          String.format(Locale.ROOT, "%,.0f", number);
      case Double number ->
          new BigDecimal(number.toString()).round(DIGITS).stripTrailingZeros().toPlainString();
      case Long number -> String.format(Locale.ROOT, "%,d", number);
      case Integer number -> String.format(Locale.ROOT, "%,d", number);
      default -> value.toString();
    };
  }

  private static String capitalized(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }
}
