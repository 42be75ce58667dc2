package dev.lungo.train;

import java.util.Locale;

/// Draws a curve as SVG whose colours the page around it chooses, so that one drawing serves light
/// and dark.
///
/// The chart library's SVG took 600 bytes a point, fixed colours and the fonts of a desktop; this
/// takes 12 bytes.
public final class CurveSvg {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 288;
  private static final int LEFT = 56;
  private static final int RIGHT = 16;
  private static final int TOP = 16;
  private static final int BOTTOM = 44;
  private static final int MOST_POINTS = 600;

  private CurveSvg() {}

  /// Draws every point faintly and the smoothed course strongly; few points as dots on a line.
  public static String draw(Curve curve) {
    Curve thinned = curve.thinned(MOST_POINTS);
    ChartScale vertical = ChartScale.covering(thinned.y(), 5);
    ChartScale horizontal = ChartScale.covering(thinned.x(), 8);
    StringBuilder svg = new StringBuilder(16 << 10);
    svg.append("<svg viewBox=\"0 0 ").append(WIDTH).append(' ').append(HEIGHT);
    svg.append("\" role=\"img\" aria-label=\"").append(curve.name()).append("\">\n");
    for (int label = 0; label < vertical.labels(); label++) {
      String y = number(y(vertical, vertical.value(label)));
      svg.append("<path class=\"grid\" d=\"M").append(LEFT).append(' ').append(y);
      svg.append('H').append(WIDTH - RIGHT).append("\"/>");
      text(svg, "end", LEFT - 8, y, vertical.text(label));
    }
    for (int label = 0; label < horizontal.labels(); label++) {
      double x = x(horizontal, horizontal.value(label));
      text(svg, "middle", x, Integer.toString(HEIGHT - BOTTOM + 18), horizontal.text(label));
    }
    text(svg, "end", WIDTH - RIGHT, Integer.toString(HEIGHT - 8), "step");
    boolean many = thinned.size() > 60;
    line(svg, many ? "raw" : "line", thinned, horizontal, vertical);
    if (many) {
      line(svg, "line", thinned.smoothed(0.8), horizontal, vertical);
    } else {
      for (int i = 0; i < thinned.size(); i++) {
        svg.append("<circle class=\"dot\" r=\"3\" cx=\"")
            .append(number(x(horizontal, thinned.x()[i])));
        svg.append("\" cy=\"")
            .append(number(y(vertical, thinned.y()[i])))
            .append("\"><title>step ");
        svg.append((long) thinned.x()[i])
            .append(": ")
            .append(thinned.y()[i])
            .append("</title></circle>");
      }
    }
    return svg.append("\n</svg>\n").toString();
  }

  private static void line(
      StringBuilder svg, String kind, Curve curve, ChartScale horizontal, ChartScale vertical) {
    if (curve.size() == 0) {
      return;
    }
    svg.append("<polyline class=\"").append(kind).append("\" points=\"");
    for (int i = 0; i < curve.size(); i++) {
      svg.append(i == 0 ? "" : " ").append(number(x(horizontal, curve.x()[i])));
      svg.append(',').append(number(y(vertical, curve.y()[i])));
    }
    svg.append("\"/>");
  }

  private static void text(StringBuilder svg, String anchor, double x, String y, String text) {
    svg.append("<text text-anchor=\"").append(anchor).append("\" x=\"").append(number(x));
    svg.append("\" y=\"").append(y).append("\" dy=\".32em\">").append(text).append("</text>\n");
  }

  private static double x(ChartScale scale, double value) {
    return LEFT + scale.position(value) * (WIDTH - LEFT - RIGHT);
  }

  private static double y(ChartScale scale, double value) {
    return TOP + (1 - scale.position(value)) * (HEIGHT - TOP - BOTTOM);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
