package dev.lungo.op;

import dev.lungo.tensor.Tensor;

/// Addition: of two tensors of one shape (a residual connection), or of a smaller one repeated
/// (positions, a bias).
public final class Add {
  private Add() {}

  /// Computes a + b.
  ///
  /// @param a (…)
  /// @param b the shape of a, or a shape whose elements are repeated to fill a
  /// @return the shape of a
  public static Tensor add(Pass pass, Tensor a, Tensor b) {
    Tensor out = pass.allocate(a.shape());
    if (a.elements() == b.elements()) {
      pass.kernels().elementwise().add(a.data(), b.data(), out.data(), a.elements());
    } else if (a.elements() % b.elements() == 0) {
      int period = Math.toIntExact(b.elements());
      pass.kernels()
          .elementwise()
          .addRow(a.data(), b.data(), out.data(), Math.toIntExact(a.elements() / period), period);
    } else {
      throw new IllegalArgumentException(
          "add: " + b.shape() + " cannot be repeated to fill " + a.shape());
    }
    if (pass.records() && (a.requiresGradient() || b.requiresGradient())) {
      pass.record(new Saved(a, b, out));
    }
    return out;
  }

  private record Saved(Tensor a, Tensor b, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      if (b.requiresGradient()) {
        if (a.elements() == b.elements()) {
          pass.addToGradient(b, dOut);
        } else {
          int period = Math.toIntExact(b.elements());
          pass.kernels()
              .elementwise()
              .addSumOfRows(
                  dOut.data(),
                  pass.gradient(b).data(),
                  Math.toIntExact(a.elements() / period),
                  period);
        }
      }
      if (a.requiresGradient()) {
        // dOut is complete and nobody reads it after this step, so that a can take it over instead
        // of a copy.
        if (a.gradient().isEmpty()) {
          a.setGradient(dOut);
        } else {
          pass.addToGradient(a, dOut);
        }
      }
    }
  }

  /// The formula: a[i] + b[i mod |b|].
  static double[] reference(double[] a, double[] b) {
    double[] out = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      out[i] = a[i] + b[i % b.length];
    }
    return out;
  }
}
