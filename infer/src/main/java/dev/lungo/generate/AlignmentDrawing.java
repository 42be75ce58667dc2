package dev.lungo.generate;

import java.util.Locale;

/// Draws an [Alignment]: a line for each token of the translation, a column for each of the source.
public final class AlignmentDrawing {
  private static final String SHADES = " ░▒▓█";
  private static final String DIGITS = " 123456789";
  private static final int CELL = 26;
  private static final int LETTER = 8;

  private AlignmentDrawing() {}

  /// Draws with shades, or with tenths as digits where the terminal has no Unicode.
  public static String text(Alignment alignment, boolean unicode) {
    String shades = unicode ? SHADES : DIGITS;
    int left = 0;
    for (String token : alignment.targetTokens()) {
      left = Math.max(left, shown(token).length());
    }
    int head = 0;
    for (String token : alignment.sourceTokens()) {
      head = Math.max(head, shown(token).length());
    }
    StringBuilder drawing = new StringBuilder();
    for (int i = 0; i < head; i++) {
      StringBuilder line = new StringBuilder(" ".repeat(left + 1));
      for (String token : alignment.sourceTokens()) {
        String text = shown(token);
        // Names stand on their columns.
        int at = i - (head - text.length());
        line.append(at >= 0 ? text.charAt(at) : ' ').append(' ');
      }
      drawing.append(line.toString().stripTrailing()).append('\n');
    }
    for (int row = 0; row < alignment.targetTokens().size(); row++) {
      String token = shown(alignment.targetTokens().get(row));
      StringBuilder line = new StringBuilder(" ".repeat(left - token.length())).append(token);
      line.append(' ');
      for (double weight : alignment.weights().get(row)) {
        int shade = Math.min(shades.length() - 1, (int) (weight * shades.length()));
        line.append(shades.charAt(shade)).append(shades.charAt(unicode ? shade : 0));
      }
      drawing.append(line.toString().stripTrailing()).append('\n');
    }
    return drawing.toString().stripTrailing();
  }

  /// Makes spaces visible, because a token often begins with one.
  private static String shown(String token) {
    StringBuilder shown = new StringBuilder();
    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i);
      boolean space = Character.isWhitespace(c) || Character.isSpaceChar(c);
      shown.append(space ? '_' : Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
    }
    return shown.toString();
  }

  /// Draws as an SVG image that follows the reader's choice of light or dark.
  public static String svg(Alignment alignment) {
    int left = 0;
    for (String token : alignment.targetTokens()) {
      left = Math.max(left, LETTER * shown(token).length() + 16);
    }
    int top = 0;
    for (String token : alignment.sourceTokens()) {
      top = Math.max(top, LETTER * shown(token).length() + 16);
    }
    int width = left + CELL * alignment.sourceTokens().size() + 8;
    int height = top + CELL * alignment.targetTokens().size() + 8;
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
                + " height=\"%d\" role=\"img\" aria-label=\"cross-attention\">%n",
            width,
            height,
            width,
            height));
    svg.append(
        """
        <style>
        text { font: 13px ui-monospace, monospace; fill: #1d2329 } rect { fill: #b4460f }
        @media (prefers-color-scheme: dark) { text { fill: #e6e9ec } rect { fill: #ff9a5c } }
        </style>
        """);
    for (int column = 0; column < alignment.sourceTokens().size(); column++) {
      int x = left + CELL * column + CELL / 2 + 4;
      svg.append(
          String.format(
              Locale.ROOT,
              "<text transform=\"translate(%d %d) rotate(-90)\">%s</text>%n",
              x,
              top - 6,
              escaped(shown(alignment.sourceTokens().get(column)))));
    }
    for (int row = 0; row < alignment.targetTokens().size(); row++) {
      int y = top + CELL * row;
      svg.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n",
              left - 6,
              y + CELL / 2 + 4,
              escaped(shown(alignment.targetTokens().get(row)))));
      for (int column = 0; column < alignment.sourceTokens().size(); column++) {
        double weight = alignment.weights().get(row).get(column);
        svg.append(
            String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\""
                    + " opacity=\"%.3f\"><title>%.3f</title></rect>%n",
                left + CELL * column,
                y,
                CELL - 1,
                CELL - 1,
                weight,
                weight));
      }
    }
    return svg.append("</svg>\n").toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
