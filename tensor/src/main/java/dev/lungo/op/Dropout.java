package dev.lungo.op;

import dev.lungo.kernel.DropoutMask;
import dev.lungo.tensor.Tensor;

/// Dropout (Srivastava et al. 2014): some elements become 0, the others grow by as much as keeps
/// the expected value.
public final class Dropout {
  private Dropout() {}

  /// Drops each element with a probability. For training: whoever only uses a model leaves it out.
  ///
  /// @param probability in [0, 1)
  /// @param seed decides which elements; another one at each place and step
  /// @return the shape of x
  public static Tensor dropout(Pass pass, Tensor x, float probability, long seed) {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException(
          "dropout: the probability must be in [0, 1), but is " + probability);
    }
    if (probability == 0) {
      return x;
    }
    Tensor out = pass.allocate(x.shape());
    pass.kernels()
        .elementwise()
        .dropout(x.data(), out.data(), x.elements(), probability, seed, false);
    if (pass.records() && x.requiresGradient()) {
      pass.record(new Saved(x, probability, seed, out));
    }
    return out;
  }

  private record Saved(Tensor x, float probability, long seed, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      boolean present = x.gradient().isPresent();
      Tensor dx = present ? pass.gradient(x) : pass.gradientToOverwrite(x);
      pass.kernels()
          .elementwise()
          .dropout(dOut.data(), dx.data(), x.elements(), probability, seed, present);
    }
  }

  /// The formula.
  static double[] reference(double[] x, float probability, long seed) {
    DropoutMask mask = new DropoutMask(probability, seed);
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = mask.keeps(i) ? x[i] / (1 - (double) probability) : 0;
    }
    return out;
  }
}
