package dev.lungo.train;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/// Draws a curve with characters.
public final class TerminalChart {
  private static final int BRAILLE_BLANK = 0x2800;

  /// The bit of each of a braille character's dots, by row and column.
  private static final int[][] DOTS = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

  /// What to draw with.
  public enum Characters {
    /// Two by four dots a character.
    BRAILLE(2, 4),
    /// One star a character.
    ASCII(1, 1);

    private final int dotsAcross;
    private final int dotsDown;

    Characters(int dotsAcross, int dotsDown) {
      this.dotsAcross = dotsAcross;
      this.dotsDown = dotsDown;
    }

    /// Chooses what a terminal can show: plain characters when `NO_COLOR` asks for plainness, the
    /// terminal is dumb or the encoding is not UTF-8.
    public static Characters suiting(Map<String, String> environment, Charset encoding) {
      boolean plain =
          !environment.getOrDefault("NO_COLOR", "").isEmpty()
              || environment.getOrDefault("TERM", "").equals("dumb")
              || !encoding.equals(StandardCharsets.UTF_8);
      return plain ? ASCII : BRAILLE;
    }
  }

  private TerminalChart() {}

  /// Draws a curve, its name above and its axes labelled.
  ///
  /// @param columns of the whole drawing, at least 20
  /// @param rows of the curve itself, at least 2
  /// @return lines, each ended by a newline
  public static String draw(Curve curve, int columns, int rows, Characters characters) {
    if (columns < 20 || rows < 2) {
      throw new IllegalArgumentException(
          "a chart needs 20 columns and 2 rows, but has " + columns + " and " + rows);
    }
    ChartScale vertical = ChartScale.covering(curve.y(), Math.max(2, rows / 2));
    String[] labels = labels(vertical, rows);
    int margin = 0;
    for (String label : labels) {
      margin = Math.max(margin, label.length());
    }
    boolean plain = characters == Characters.ASCII;
    int plot = columns - margin - 2;
    int[][] cells = plot(curve, vertical, plot, rows, characters);
    StringBuilder out = new StringBuilder();
    out.append(" ".repeat(margin + 2)).append(curve.name()).append('\n');
    for (int row = 0; row < rows; row++) {
      out.append(" ".repeat(margin - labels[row].length())).append(labels[row]);
      out.append(plain ? " |" : labels[row].isEmpty() ? " │" : " ┤");
      StringBuilder line = new StringBuilder();
      for (int cell : cells[row]) {
        line.append(
            plain ? (cell == 0 ? ' ' : '*') : cell == 0 ? ' ' : (char) (BRAILLE_BLANK + cell));
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    out.append(" ".repeat(margin)).append(plain ? " +" : " ╰");
    out.append((plain ? "-" : "─").repeat(plot)).append('\n');
    return out.append(steps(curve, margin, plot)).toString();
  }

  private static String[] labels(ChartScale scale, int rows) {
    String[] labels = new String[rows];
    Arrays.fill(labels, "");
    for (int label = 0; label < scale.labels(); label++) {
      int row = (int) Math.round((1 - scale.position(scale.value(label))) * (rows - 1));
      labels[row] = scale.text(label);
    }
    return labels;
  }

  private static int[][] plot(
      Curve curve, ChartScale vertical, int columns, int rows, Characters characters) {
    int across = columns * characters.dotsAcross;
    int down = rows * characters.dotsDown;
    int[][] cells = new int[rows][columns];
    Curve thinned = curve.thinned(across);
    double first = thinned.size() == 0 ? 0 : thinned.x()[0];
    double span = thinned.size() == 0 ? 1 : thinned.x()[thinned.size() - 1] - first;
    int lastX = -1;
    int lastY = 0;
    for (int i = 0; i < thinned.size(); i++) {
      int x = span == 0 ? 0 : (int) Math.round((thinned.x()[i] - first) / span * (across - 1));
      int y = (int) Math.round((1 - vertical.position(thinned.y()[i])) * (down - 1));
      if (lastX < 0) {
        lastX = x;
        lastY = y;
      }
      int steps = Math.max(1, Math.max(x - lastX, Math.abs(y - lastY)));
      for (int step = 0; step <= steps; step++) {
        int dotX = lastX + Math.round((float) (x - lastX) * step / steps);
        int dotY = lastY + Math.round((float) (y - lastY) * step / steps);
        cells[dotY / characters.dotsDown][dotX / characters.dotsAcross] |=
            characters == Characters.ASCII ? 1 : DOTS[dotY % 4][dotX % 2];
      }
      lastX = x;
      lastY = y;
    }
    return cells;
  }

  private static String steps(Curve curve, int margin, int plot) {
    if (curve.size() == 0) {
      return "";
    }
    String first = Long.toString((long) curve.x()[0]);
    String last = "step " + (long) curve.x()[curve.size() - 1];
    int gap = Math.max(1, plot - first.length() - last.length());
    return " ".repeat(margin + 2) + first + " ".repeat(gap) + last + "\n";
  }
}
