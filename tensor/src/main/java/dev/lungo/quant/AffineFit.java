package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// Finds the values of [Q4_K] and [Q5_K] that stand for 256 numbers x with the least squared error.
///
/// A sub-block has x ≈ a·q - b with q from 0 to `top` and a, b ≥ 0. Rounding x with a trial scale
/// gives q; for these q the best a and b follow by least squares, which is not what the trial was.
/// Of several trials the best is kept. Then a and b become multiples (0 to 63) of d and m, and the
/// neighbours of the nearest multiples are tried as well.
///
/// @param scale d
/// @param minimum m
/// @param scales the multiple of d of each sub-block
/// @param minima the multiple of m of each sub-block
/// @param values q of each number
record AffineFit(float scale, float minimum, int[] scales, int[] minima, int[] values) {
  private static final int SUB_BLOCKS = 8;
  private static final int SIZE = 32;
  private static final int MOST = 63;

  /// Trials: the span of the numbers takes so many steps more or less than there are.
  private static final int TRIALS = 12;

  private static final double TRIAL_STEP = 0.15;

  static AffineFit of(float[] x, int at, int top) {
    double[] a = new double[SUB_BLOCKS];
    double[] b = new double[SUB_BLOCKS];
    double largestScale = 0;
    double largestMinimum = 0;
    for (int i = 0; i < SUB_BLOCKS; i++) {
      Line line = line(x, at + SIZE * i, top);
      a[i] = line.a;
      b[i] = line.b;
      largestScale = Math.max(largestScale, a[i]);
      largestMinimum = Math.max(largestMinimum, b[i]);
    }
    float scale = toHalf(largestScale / MOST);
    float minimum = toHalf(largestMinimum / MOST);
    AffineFit fit =
        new AffineFit(
            scale, minimum, new int[SUB_BLOCKS], new int[SUB_BLOCKS], new int[SUB_BLOCKS * SIZE]);
    for (int i = 0; i < SUB_BLOCKS; i++) {
      fit.choose(x, at, i, top, nearest(a[i], scale), nearest(b[i], minimum));
    }
    return fit;
  }

  private static float toHalf(double value) {
    return Float.float16ToFloat(Float.floatToFloat16((float) value));
  }

  private static int nearest(double value, float unit) {
    return unit == 0 ? 0 : (int) Math.min(MOST, value / unit + 0.5);
  }

  /// x ≈ a·q - b.
  private record Line(double a, double b) {}

  private static Line line(float[] x, int at, int top) {
    double low = 0;
    double high = x[at];
    for (int i = at; i < at + SIZE; i++) {
      low = Math.min(low, x[i]);
      high = Math.max(high, x[i]);
    }
    if (high <= low) {
      return new Line(0, -low);
    }
    Line best = new Line((high - low) / top, -low);
    double least = error(x, at, top, best.a, best.b);
    for (int trial = -TRIALS; trial <= TRIALS; trial++) {
      double inverse = (top + TRIAL_STEP * trial) / (high - low);
      Line line = leastSquares(x, at, top, inverse, -low);
      double error = error(x, at, top, line.a, line.b);
      if (error < least) {
        least = error;
        best = line;
      }
    }
    return best;
  }

  /// Rounds (x + b)·inverse to q, and returns the best line through (q, x).
  private static Line leastSquares(float[] x, int at, int top, double inverse, double b) {
    double sumX = 0;
    double sumQ = 0;
    double sumQQ = 0;
    double sumQX = 0;
    for (int i = at; i < at + SIZE; i++) {
      double q = round((x[i] + b) * inverse, top);
      sumX += x[i];
      sumQ += q;
      sumQQ += q * q;
      sumQX += q * x[i];
    }
    double determinant = SIZE * sumQQ - sumQ * sumQ;
    if (determinant > 0) {
      double slope = (SIZE * sumQX - sumQ * sumX) / determinant;
      double intercept = (sumQ * sumQX - sumQQ * sumX) / determinant;
      if (slope > 0 && intercept >= 0) {
        return new Line(slope, intercept);
      }
    }
    // A minimum above 0 cannot be written: the best line through the origin.
    return new Line(sumQQ > 0 ? Math.max(0, sumQX / sumQQ) : 0, 0);
  }

  private static double error(float[] x, int at, int top, double a, double b) {
    double inverse = a > 0 ? 1 / a : 0;
    double sum = 0;
    for (int i = at; i < at + SIZE; i++) {
      double difference = a * round((x[i] + b) * inverse, top) - b - x[i];
      sum += difference * difference;
    }
    return sum;
  }

  private static int round(double value, int top) {
    return (int) Math.max(0, Math.min(top, value + 0.5));
  }

  /// Takes the best of the multiples next to `s` and `t` for sub-block `i`, and sets its values.
  private void choose(float[] x, int at, int i, int top, int s, int t) {
    int from = at + SIZE * i;
    double least = Double.POSITIVE_INFINITY;
    for (int trialS = Math.max(0, s - 1); trialS <= Math.min(MOST, s + 1); trialS++) {
      for (int trialT = Math.max(0, t - 1); trialT <= Math.min(MOST, t + 1); trialT++) {
        double error = error(x, from, top, scale * trialS, minimum * trialT);
        if (error < least) {
          least = error;
          scales[i] = trialS;
          minima[i] = trialT;
        }
      }
    }
    double a = scale * scales[i];
    double inverse = a > 0 ? 1 / a : 0;
    for (int j = 0; j < SIZE; j++) {
      values[SIZE * i + j] = round((x[from + j] + minimum * minima[i]) * inverse, top);
    }
  }

  /// Writes d, m and the packed multiples, with which a block begins.
  void writeScales(MemorySegment target, long offset) {
    BlockFormat.putHalf(target, offset, scale);
    BlockFormat.putHalf(target, offset + 2, minimum);
    SubBlockScales.write(target, offset + 4, scales, minima);
  }
}
