package dev.lungo.quant;

/// Finds the values of [Q6_K] that stand for 256 numbers x with the least squared error.
///
/// A sub-block has x ≈ a·q with q from -32 to 31. Rounding x with a trial scale gives q; for these
/// q the best a is Σxq / Σq², which leaves the error Σx² - (Σxq)² / Σq². Of several trials, with
/// the number of the largest size near -32 or near 31, the best is kept. Then a becomes a multiple
/// (-128 to 127) of d, and the neighbours of the nearest multiple are tried as well.
///
/// @param scale d
/// @param subScales the multiple of d of each sub-block
/// @param values q of each number
record SymmetricFit(float scale, int[] subScales, int[] values) {
  private static final int SUB_BLOCKS = 16;
  private static final int SIZE = 16;
  private static final int LEAST = -32;
  private static final int MOST = 31;
  private static final int TRIALS = 8;
  private static final double TRIAL_STEP = 0.15;

  static SymmetricFit of(float[] x, int at) {
    double[] a = new double[SUB_BLOCKS];
    double largest = 0;
    for (int i = 0; i < SUB_BLOCKS; i++) {
      a[i] = slope(x, at + SIZE * i);
      if (Math.abs(a[i]) > Math.abs(largest)) {
        largest = a[i];
      }
    }
    // The largest becomes -128, the multiple that has no counterpart.
    float scale = Float.float16ToFloat(Float.floatToFloat16((float) (largest / -128)));
    SymmetricFit fit = new SymmetricFit(scale, new int[SUB_BLOCKS], new int[SUB_BLOCKS * SIZE]);
    for (int i = 0; i < SUB_BLOCKS; i++) {
      fit.choose(x, at, i, scale == 0 ? 0 : (int) Math.rint(a[i] / scale));
    }
    return fit;
  }

  private static double slope(float[] x, int at) {
    double largest = BlockFormat.largest(x, at, SIZE);
    if (largest == 0) {
      return 0;
    }
    double best = 0;
    double most = 0;
    for (int trial = -TRIALS; trial <= TRIALS; trial++) {
      for (int end : new int[] {LEAST, MOST}) {
        double inverse = (end + TRIAL_STEP * trial) / largest;
        double sumXq = 0;
        double sumQq = 0;
        for (int i = at; i < at + SIZE; i++) {
          int q = round(x[i] * inverse);
          sumXq += x[i] * (double) q;
          sumQq += (double) q * q;
        }
        // The part of Σx² that is explained.
        if (sumQq > 0 && sumXq * sumXq > most * sumQq) {
          most = sumXq * sumXq / sumQq;
          best = sumXq / sumQq;
        }
      }
    }
    return best;
  }

  private static int round(double value) {
    return (int) Math.rint(Math.max(LEAST, Math.min(MOST, value)));
  }

  /// Takes the best of the multiples next to `s` for sub-block `i`, and sets its values.
  private void choose(float[] x, int at, int i, int s) {
    int from = at + SIZE * i;
    double least = Double.POSITIVE_INFINITY;
    for (int trial = Math.max(-128, s - 1); trial <= Math.min(127, s + 1); trial++) {
      double a = scale * trial;
      double inverse = a == 0 ? 0 : 1 / a;
      double error = 0;
      for (int j = from; j < from + SIZE; j++) {
        double difference = a * round(x[j] * inverse) - x[j];
        error += difference * difference;
      }
      if (error < least) {
        least = error;
        subScales[i] = trial;
      }
    }
    double a = scale * subScales[i];
    double inverse = a == 0 ? 0 : 1 / a;
    for (int j = 0; j < SIZE; j++) {
      values[SIZE * i + j] = round(x[from + j] * inverse);
    }
  }
}
