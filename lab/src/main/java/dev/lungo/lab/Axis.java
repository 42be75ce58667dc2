package dev.lungo.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// One side of a chart: what it shows, and whether equal distances are equal differences or equal
/// ratios.
///
/// @param name with the unit
/// @param logarithmic needs values above 0; others are not drawn
public record Axis(String name, boolean logarithmic) {
  public static Axis linear(String name) {
    return new Axis(name, false);
  }

  public static Axis logarithmic(String name) {
    return new Axis(name, true);
  }

  /// A place on the axis that is labelled.
  ///
  /// @param position 0 at the axis' start and 1 at its end
  record Tick(double position, String label) {}

  /// The stretch of an axis that holds all values.
  ///
  /// @param from in the axis' own measure: the value or its logarithm
  /// @param ticks that lie on it
  record Stretch(Axis axis, double from, double to, List<Tick> ticks) {
    /// Returns where a value lies, 0 at the start and 1 at the end.
    double position(double value) {
      return (axis.measure(value) - from) / (to - from);
    }
  }

  /// Returns whether a value can be drawn.
  boolean holds(double value) {
    return Double.isFinite(value) && (!logarithmic || value > 0);
  }

  private double measure(double value) {
    return logarithmic ? Math.log10(value) : value;
  }

  /// Covers values with about `most` labels at round values.
  Stretch covering(double[] values, int most) {
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      if (holds(value)) {
        least = Math.min(least, measure(value));
        greatest = Math.max(greatest, measure(value));
      }
    }
    if (least > greatest) {
      least = 0;
      greatest = 1;
    }
    if (!(greatest - least > 1e-9 * Math.max(1, Math.abs(greatest)))) {
      least -= 0.5;
      greatest += 0.5;
    }
    return logarithmic ? ofRatios(least, greatest, most) : ofDifferences(least, greatest, most);
  }

  private Stretch ofDifferences(double least, double greatest, int most) {
    double rough = (greatest - least) / Math.max(1, most);
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double factor = rough / power;
    double step = power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    double from = Math.floor(least / step + 1e-9) * step;
    double to = Math.ceil(greatest / step - 1e-9) * step;
    List<Tick> ticks = new ArrayList<>();
    for (int i = 0; from + i * step <= to + step / 2; i++) {
      ticks.add(new Tick(i * step / (to - from), label(from + i * step)));
    }
    return new Stretch(this, from, to, ticks);
  }

  /// Labels powers of ten or, where those are few, 2 and 5 times them, too.
  private Stretch ofRatios(double least, double greatest, int most) {
    boolean few = greatest - least < 2;
    int stride = (int) Math.max(1, Math.ceil((greatest - least) / most));
    List<Tick> ticks = new ArrayList<>();
    for (int power = (int) Math.floor(least); power <= Math.ceil(greatest); power += stride) {
      for (int factor : few ? new int[] {1, 2, 5} : new int[] {1}) {
        double place = power + Math.log10(factor);
        if (place >= least - 1e-9 && place <= greatest + 1e-9) {
          double position = (place - least) / (greatest - least);
          ticks.add(new Tick(position, label(factor * Math.pow(10, power))));
        }
      }
    }
    return new Stretch(this, least, greatest, ticks);
  }

  private static String label(double value) {
    double size = Math.abs(value);
    if (size >= 1e15 || size > 0 && size < 1e-4) {
      return String.format(Locale.ROOT, "%.0e", value);
    }
    for (String unit : new String[] {"", "k", "M", "G", "T"}) {
      if (size < 1000 || unit.equals("T")) {
        String digits = String.format(Locale.ROOT, "%.4f", Math.copySign(size, value));
        digits = digits.replaceFirst("\\.?0+$", "");
        return (digits.equals("-0") ? "0" : digits) + unit;
      }
      size /= 1000;
    }
    throw new AssertionError(value);
  }
}
