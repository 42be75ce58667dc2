package dev.lungo.train;

/// What the pages that Lungo writes have in common. They need nothing from the network and follow
/// the reader's choice of light or dark.
public final class HtmlPage {
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

  private HtmlPage() {}

  /// Returns how a page begins: title and style.
  public static String head(String title) {
    return HEAD.formatted(escaped(title));
  }

  /// Makes text from a model or a file harmless in HTML, and control characters visible.
  public static String escaped(String text) {
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
