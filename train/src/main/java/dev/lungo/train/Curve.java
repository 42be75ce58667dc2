package dev.lungo.train;

import java.util.ArrayList;
import java.util.List;

/// Points to be drawn as a line, by rising x.
public record Curve(String name, double[] x, double[] y) {
  public Curve {
    if (x.length != y.length) {
      throw new IllegalArgumentException(
          "a curve needs as many x as y, but has " + x.length + " and " + y.length);
    }
  }

  /// Takes the loss of each step out of a log.
  public static Curve loss(List<MetricsLog.Event> events) {
    List<MetricsLog.Step> steps = new ArrayList<>();
    for (MetricsLog.Event event : events) {
      if (event instanceof MetricsLog.Step step && Double.isFinite(step.loss())) {
        steps.add(step);
      }
    }
    double[] x = new double[steps.size()];
    double[] y = new double[steps.size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = steps.get(i).step();
      y[i] = steps.get(i).loss();
    }
    return new Curve("training loss", x, y);
  }

  /// Takes the held-out bits per byte out of a log.
  public static Curve valBitsPerByte(List<MetricsLog.Event> events) {
    List<MetricsLog.Held> held = new ArrayList<>();
    for (MetricsLog.Event event : events) {
      if (event instanceof MetricsLog.Held one && Double.isFinite(one.valBitsPerByte())) {
        held.add(one);
      }
    }
    double[] x = new double[held.size()];
    double[] y = new double[held.size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = held.get(i).step();
      y[i] = held.get(i).valBitsPerByte();
    }
    return new Curve("held-out bits per byte", x, y);
  }

  public int size() {
    return x.length;
  }

  /// Averages neighbours until at most `most` points are left, so that noise gives way and a
  /// drawing stays small.
  Curve thinned(int most) {
    if (size() <= most) {
      return this;
    }
    double[] fewerX = new double[most];
    double[] fewerY = new double[most];
    for (int i = 0; i < most; i++) {
      int from = (int) ((long) size() * i / most);
      int to = (int) ((long) size() * (i + 1) / most);
      for (int j = from; j < to; j++) {
        fewerX[i] += x[j] / (to - from);
        fewerY[i] += y[j] / (to - from);
      }
    }
    return new Curve(name, fewerX, fewerY);
  }

  /// Averages each point with its neighbours on both sides, which weigh `weight` to the power of
  /// their distance, so that the line neither trembles nor lags.
  Curve smoothed(double weight) {
    double[] sums = new double[size()];
    double[] weights = new double[size()];
    double sum = 0;
    double total = 0;
    for (int i = 0; i < size(); i++) {
      sum = weight * sum + y[i];
      total = weight * total + 1;
      sums[i] = sum;
      weights[i] = total;
    }
    sum = 0;
    total = 0;
    for (int i = size() - 1; i >= 0; i--) {
      sums[i] = (sums[i] + sum) / (weights[i] + total);
      sum = weight * (sum + y[i]);
      total = weight * (total + 1);
    }
    return new Curve(name, x, sums);
  }
}
