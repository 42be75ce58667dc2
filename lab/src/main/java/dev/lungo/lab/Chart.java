package dev.lungo.lab;

import dev.lungo.train.HtmlPage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Several curves over the same axes, drawn as SVG whose colours the page chooses.
public record Chart(String title, Axis x, Axis y, List<Series> series) {
  private static final int WIDTH = 760;
  private static final int HEIGHT = 340;
  private static final int LEFT = 64;
  private static final int RIGHT = 170;
  private static final int TOP = 16;
  private static final int BOTTOM = 48;

  /// One curve. Points that the axes cannot show interrupt it.
  ///
  /// @param dashed for what was computed or expected instead of measured
  public record Series(String name, double[] x, double[] y, boolean dashed) {
    public Series {
      if (x.length != y.length) {
        throw new IllegalArgumentException(
            name + " needs as many x as y, but has " + x.length + " and " + y.length);
      }
    }

    public static Series measured(String name, double[] x, double[] y) {
      return new Series(name, x, y, false);
    }

    public static Series expected(String name, double[] x, double[] y) {
      return new Series(name, x, y, true);
    }
  }

  public Chart {
    series = List.copyOf(series);
  }

  /// Draws the chart, with a legend at its right.
  public String svg() {
    Axis.Stretch across = x.covering(all(true), 8);
    Axis.Stretch up = y.covering(all(false), 6);
    StringBuilder svg = new StringBuilder(16 << 10);
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
            WIDTH,
            HEIGHT,
            HtmlPage.escaped(title)));
    for (Axis.Tick tick : up.ticks()) {
      double height = down(tick.position());
      svg.append(
          String.format(
              Locale.ROOT,
              "<path class=\"grid\" d=\"M%d %.1fH%d\"/>",
              LEFT,
              height,
              WIDTH - RIGHT));
      text(svg, "end", LEFT - 8, height, tick.label());
    }
    for (Axis.Tick tick : across.ticks()) {
      text(svg, "middle", right(tick.position()), HEIGHT - BOTTOM + 16, tick.label());
    }
    text(svg, "end", WIDTH - RIGHT, HEIGHT - 12, x.name());
    text(svg, "start", 4, 8, y.name());
    for (int i = 0; i < series.size(); i++) {
      line(svg, i, across, up);
    }
    return svg.append("</svg>\n").toString();
  }

  private void line(StringBuilder svg, int index, Axis.Stretch across, Axis.Stretch up) {
    Series one = series.get(index);
    String style =
        "fill=\"none\" stroke-width=\"2\" stroke=\""
            + colour(index)
            + "\""
            + (one.dashed() ? " stroke-dasharray=\"6 4\"" : "");
    StringBuilder path = new StringBuilder();
    boolean open = false;
    for (int i = 0; i < one.x().length; i++) {
      boolean drawn = x.holds(one.x()[i]) && y.holds(one.y()[i]);
      if (drawn) {
        double pointX = right(across.position(one.x()[i]));
        double pointY = down(up.position(one.y()[i]));
        path.append(String.format(Locale.ROOT, "%s%.1f %.1f", open ? "L" : "M", pointX, pointY));
        if (!one.dashed() && one.x().length <= 60) {
          svg.append(
              String.format(
                  Locale.ROOT,
                  "<circle r=\"3\" cx=\"%.1f\" cy=\"%.1f\" fill=\"%s\"><title>%s: %s, %s</title></circle>",
                  pointX,
                  pointY,
                  colour(index),
                  HtmlPage.escaped(one.name()),
                  one.x()[i],
                  one.y()[i]));
        }
      }
      open = drawn;
    }
    svg.append("<path ").append(style).append(" d=\"").append(path).append("\"/>\n");
    int height = TOP + 10 + 20 * index;
    int left = WIDTH - RIGHT + 14;
    svg.append(String.format(Locale.ROOT, "<path %s d=\"M%d %dh22\"/>", style, left, height));
    text(svg, "start", left + 28, height, one.name());
  }

  /// Spreads the hues so that neighbours differ, and keeps them legible on light and dark.
  private static String colour(int index) {
    return String.format(Locale.ROOT, "hsl(%d 70%% 48%%)", (18 + 137 * index) % 360);
  }

  private double[] all(boolean horizontal) {
    List<Double> values = new ArrayList<>();
    for (Series one : series) {
      for (int i = 0; i < one.x().length; i++) {
        if (x.holds(one.x()[i]) && y.holds(one.y()[i])) {
          values.add(horizontal ? one.x()[i] : one.y()[i]);
        }
      }
    }
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double right(double position) {
    return LEFT + position * (WIDTH - LEFT - RIGHT);
  }

  private static double down(double position) {
    return TOP + (1 - position) * (HEIGHT - TOP - BOTTOM);
  }

  private static void text(StringBuilder svg, String anchor, double x, double y, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\" dy=\".32em\">%s</text>\n",
            anchor,
            x,
            y,
            HtmlPage.escaped(text)));
  }
}
