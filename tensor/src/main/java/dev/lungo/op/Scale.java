package dev.lungo.op;

import dev.lungo.tensor.Tensor;

/// Multiplication by a number.
public final class Scale {
  private Scale() {}

  /// Computes factor · x.
  ///
  /// @return the shape of x
  public static Tensor scale(Pass pass, Tensor x, float factor) {
    Tensor out = pass.allocate(x.shape()).copyFrom(x);
    pass.kernels().elementwise().scale(out.data(), factor, out.elements());
    if (pass.records() && x.requiresGradient()) {
      pass.record(new Saved(x, factor, out));
    }
    return out;
  }

  private record Saved(Tensor x, float factor, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .elementwise()
          .scaleAndAdd(pass.gradient(x).data(), 1, dOut.data(), factor, x.elements());
    }
  }

  /// The formula.
  static double[] reference(double[] x, double factor) {
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = factor * x[i];
    }
    return out;
  }
}
