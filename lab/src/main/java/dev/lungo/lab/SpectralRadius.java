package dev.lungo.lab;

/// The size of a matrix' largest eigenvalue, by which repeated multiplication grows or shrinks.
final class SpectralRadius {
  private static final int SQUARINGS = 12;

  private SpectralRadius() {}

  /// Computes it by Gelfand's formula, ‖Wᵏ‖^(1/k) for a large k, which complex eigenvalues do not
  /// disturb.
  ///
  /// @param matrix (n, n), row-major
  static double of(double[] matrix, int n) {
    double[] power = matrix.clone();
    double logarithm = 0;
    for (int i = 0; i <= SQUARINGS; i++) {
      double norm = 0;
      for (double value : power) {
        norm += value * value;
      }
      norm = Math.sqrt(norm);
      if (norm == 0) {
        return 0;
      }
      logarithm = 2 * logarithm + Math.log(norm);
      for (int j = 0; j < power.length; j++) {
        power[j] /= norm;
      }
      if (i < SQUARINGS) {
        power = square(power, n);
      }
    }
    return Math.exp(logarithm / (1 << SQUARINGS));
  }

  private static double[] square(double[] a, int n) {
    double[] out = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        double factor = a[i * n + k];
        for (int j = 0; j < n; j++) {
          out[i * n + j] += factor * a[k * n + j];
        }
      }
    }
    return out;
  }
}
