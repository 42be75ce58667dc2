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

  private static final String HEAD =
      """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>%s</title>
      <style>
      :root { --ink: #1d2329; --soft: #5b6670; --paper: #ffffff; --panel: #f4f6f8; --rule: #dde3e8; --line: #b4460f }
      @media (prefers-color-scheme: dark) {
        :root { --ink: #e6e9ec; --soft: #9aa5af; --paper: #14181c; --panel: #1d2329; --rule: #333c45; --line: #ff9a5c }
      }
      body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
             max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
      h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
      table { border-collapse: collapse; width: 100%% } td, th { padding: .25rem .5rem; text-align: left;
              border-bottom: 1px solid var(--rule); overflow-wrap: anywhere } th { color: var(--soft); font-weight: 400; width: 40%% }
      pre { background: var(--panel); padding: .75rem; border-radius: .4rem; overflow-x: auto; white-space: pre-wrap;
            font: 14px/1.45 ui-monospace, monospace } pre b { color: var(--line) }
      svg { width: 100%%; height: auto } svg text { font-size: 12px; fill: var(--soft) }
      .grid { stroke: var(--rule) } .raw { fill: none; stroke: var(--line); opacity: .3 }
      .line { fill: none; stroke: var(--line); stroke-width: 2 } .dot { fill: var(--line) }
      </style>
      """;

  /// Writes `report.html` into a run's folder.
  public void write(Path folder) throws IOException {
    AtomicFiles.writeString(folder.resolve(FILE), html());
  }

  /// Returns the page.
  String html() {
    StringBuilder page = new StringBuilder(64 << 10);
    page.append(HEAD.formatted(escaped(title)));
    page.append("<h1>").append(escaped(title)).append("</h1>\n");
    table(page, summary);
    for (Curve curve : curves) {
      if (curve.size() > 0) {
        page.append("<h2>").append(escaped(capitalized(curve.name()))).append("</h2>\n");
        page.append(CurveSvg.draw(curve));
      }
    }
    if (!samples.isEmpty()) {
      page.append("<h2>Samples</h2>\n");
      for (Sample sample : samples) {
        page.append("<p>After step ").append(sample.step()).append(":</p>\n<pre><b>");
        page.append(escaped(sample.prompt())).append("</b>").append(escaped(sample.continuation()));
        page.append("</pre>\n");
      }
    }
    if (!nextCommands.isEmpty()) {
      page.append("<h2>What to try next</h2>\n<pre>");
      page.append(escaped(String.join("\n", nextCommands))).append("</pre>\n");
    }
    page.append("<h2>Settings</h2>\n");
    table(page, settings);
    return page.append("</html>\n").toString();
  }

  private static void table(StringBuilder page, Map<String, Object> rows) {
    page.append("<table>\n");
    rows.forEach((name, value) ->
        page.append("<tr><th scope=\"row\">")
            .append(escaped(words(name)))
            .append("</th><td>")
            .append(escaped(readable(value)))
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

  /// Makes text from a model or a file harmless in HTML, and control characters visible.
  private static String escaped(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> safe.append("&amp;");
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '"' -> safe.append("&quot;");
        case '\n', '\t' -> safe.append(c);
        default ->
            safe.append(
                Character.isISOControl(c) || Character.isSurrogate(c) && !paired(text, i)
                    ? '\ufffd'
                    : c);
      }
    }
    return safe.toString();
  }

  private static boolean paired(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
  }
}
