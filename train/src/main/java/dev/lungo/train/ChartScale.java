package dev.lungo.train;

import java.util.Locale;

/// Maps an interval of values to an interval of a drawing, and finds round values to label.
///
/// @param from the value at the axis' start
/// @param to the value at its end, above `from`
/// @param tick the distance between labels: 1, 2 or 5 times a power of ten
record ChartScale(double from, double to, double tick) {
  /// Covers all values with about `labels` round labels.
  static ChartScale covering(double[] values, int labels) {
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      if (Double.isFinite(value)) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    if (least > most) {
      least = 0;
      most = 1;
    }
    if (!(most - least > 1e-9 * Math.abs(most))) {
      // One value alone still needs an interval around it.
      double around = least == 0 ? 1 : Math.abs(least) * 0.1;
      least -= around;
      most += around;
    }
    double tick = round((most - least) / Math.max(1, labels));
    return new ChartScale(Math.floor(least / tick) * tick, Math.ceil(most / tick) * tick, tick);
  }

  /// Rounds up to 1, 2 or 5 times a power of ten.
  private static double round(double step) {
    double power = Math.pow(10, Math.floor(Math.log10(step)));
    double factor = step / power;
    return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
  }

  /// Returns where a value lies, 0 at the start and 1 at the end.
  double position(double value) {
    return (value - from) / (to - from);
  }

  /// Returns how many labels there are.
  int labels() {
    return (int) Math.round((to - from) / tick) + 1;
  }

  /// Returns the value of a label.
  double value(int label) {
    return from + label * tick;
  }

  /// Writes the value of a label with as many digits as tell it from its neighbours.
  String text(int label) {
    double value = value(label);
    int digits = (int) Math.max(0, -Math.floor(Math.log10(tick) + 1e-9));
    if (tick >= 1000 && Math.rint(tick / 1000) == tick / 1000) {
      return String.format(Locale.ROOT, "%.0fk", value / 1000);
    }
    return String.format(Locale.ROOT, "%." + digits + "f", value + 0.0);
  }
}
