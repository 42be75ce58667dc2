package dev.lungo.op;

import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.tensor.Tensor;

/// The weighted sum of a sequence's positions, which pools its states into one: weights of 1/T give
/// their mean, a single 1 picks one of them, and padding weighs 0.
public final class WeightedSum {
  private WeightedSum() {}

  /// Computes Σₜ w[b,t] · x[b,t] for each sequence.
  ///
  /// @param x (B, T, C)
  /// @param weights (B, T); they get no gradient
  /// @return (B, C)
  public static Tensor weightedSum(Pass pass, Tensor x, Tensor weights) {
    if (x.shape().rank() != 3 || weights.elements() != x.shape().rows()) {
      throw new IllegalArgumentException(
          "weightedSum: x "
              + x.shape()
              + " needs as many weights as positions, but they are "
              + weights.shape());
    }
    int batch = x.shape().dimension(0);
    int length = x.shape().dimension(1);
    int width = x.shape().width();
    Tensor out = pass.allocate(batch, width);
    for (int b = 0; b < batch; b++) {
      long from = (long) b * length;
      pass.kernels()
          .matmul()
          .multiply(
              Form.NN,
              1,
              width,
              length,
              weights.data(),
              from,
              length,
              x.data(),
              from * width,
              width,
              out.data(),
              (long) b * width,
              width,
              false);
    }
    if (pass.records() && x.requiresGradient()) {
      pass.record(new Saved(x, weights, out));
    }
    return out;
  }

  private record Saved(Tensor x, Tensor weights, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      int batch = x.shape().dimension(0);
      int length = x.shape().dimension(1);
      int width = x.shape().width();
      Tensor dx = pass.gradient(x);
      for (int b = 0; b < batch; b++) {
        long from = (long) b * length;
        pass.kernels()
            .matmul()
            .multiply(
                Form.TN,
                length,
                width,
                1,
                weights.data(),
                from,
                length,
                dOut.data(),
                (long) b * width,
                width,
                dx.data(),
                from * width,
                width,
                true);
      }
    }
  }

  /// The formula.
  static double[] reference(double[] x, float[] weights, int length, int width) {
    int batch = weights.length / length;
    double[] out = new double[batch * width];
    for (int i = 0; i < weights.length; i++) {
      for (int c = 0; c < width; c++) {
        out[i / length * width + c] += weights[i] * x[i * width + c];
      }
    }
    return out;
  }
}
