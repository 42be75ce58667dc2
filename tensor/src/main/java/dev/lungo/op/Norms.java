package dev.lungo.op;

import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;

/// Normalisation of rows: RMSNorm (arXiv:1910.07467) and LayerNorm (arXiv:1607.06450).
public final class Norms {
  private Norms() {}

  /// Divides each row by its root mean square and scales it: x / √(mean(x²) + ε) · weight.
  ///
  /// @param x (…, C)
  /// @param weight (C)
  /// @return (…, C)
  public static Tensor rmsNorm(Pass pass, Tensor x, Tensor weight, float epsilon) {
    int width = checkWidth("rmsNorm", x, "weight", weight);
    int rows = Math.toIntExact(x.elements() / width);
    Tensor out = pass.allocate(x.shape());
    Tensor inverse = pass.allocate(rows);
    pass.kernels()
        .norm()
        .rmsNorm(x.data(), weight.data(), out.data(), inverse.data(), rows, width, epsilon);
    if (pass.records() && (x.requiresGradient() || weight.requiresGradient())) {
      pass.record(new SavedRmsNorm(x, weight, inverse, out));
    }
    return out;
  }

  private record SavedRmsNorm(Tensor x, Tensor weight, Tensor inverse, Tensor output)
      implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      int width = x.shape().width();
      pass.kernels()
          .norm()
          .rmsNormBackward(
              dOut.data(),
              x.data(),
              weight.data(),
              inverse.data(),
              pass.gradientOrScratch(x).data(),
              pass.gradientOrScratch(weight).data(),
              Math.toIntExact(x.elements() / width),
              width);
    }
  }

  /// The formula of [#rmsNorm].
  static double[] rmsNormReference(double[] x, double[] weight, double epsilon) {
    int width = weight.length;
    double[] out = new double[x.length];
    for (int row = 0; row < x.length; row += width) {
      double sum = 0;
      for (int i = 0; i < width; i++) {
        sum += x[row + i] * x[row + i];
      }
      double inverse = 1 / Math.sqrt(sum / width + epsilon);
      for (int i = 0; i < width; i++) {
        out[row + i] = x[row + i] * inverse * weight[i];
      }
    }
    return out;
  }

  /// Shifts each row to mean 0, divides it by its standard deviation, scales and shifts it.
  ///
  /// @param x (…, C)
  /// @param weight (C)
  /// @param bias (C)
  /// @return (…, C)
  public static Tensor layerNorm(Pass pass, Tensor x, Tensor weight, Tensor bias, float epsilon) {
    int width = checkWidth("layerNorm", x, "weight", weight);
    checkWidth("layerNorm", x, "bias", bias);
    int rows = Math.toIntExact(x.elements() / width);
    Tensor out = pass.allocate(x.shape());
    Tensor mean = pass.allocate(rows);
    Tensor inverse = pass.allocate(rows);
    pass.kernels()
        .norm()
        .layerNorm(
            x.data(),
            weight.data(),
            bias.data(),
            out.data(),
            mean.data(),
            inverse.data(),
            rows,
            width,
            epsilon);
    if (pass.records() && (x.requiresGradient() || weight.requiresGradient())) {
      pass.record(new SavedLayerNorm(x, weight, bias, mean, inverse, out));
    }
    return out;
  }

  private record SavedLayerNorm(
      Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor inverse, Tensor output)
      implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      int width = x.shape().width();
      pass.kernels()
          .norm()
          .layerNormBackward(
              dOut.data(),
              x.data(),
              weight.data(),
              mean.data(),
              inverse.data(),
              pass.gradientOrScratch(x).data(),
              pass.gradientOrScratch(weight).data(),
              pass.gradientOrScratch(bias).data(),
              Math.toIntExact(x.elements() / width),
              width);
    }
  }

  /// The formula of [#layerNorm].
  static double[] layerNormReference(double[] x, double[] weight, double[] bias, double epsilon) {
    int width = weight.length;
    double[] out = new double[x.length];
    for (int row = 0; row < x.length; row += width) {
      double mean = 0;
      for (int i = 0; i < width; i++) {
        mean += x[row + i] / width;
      }
      double variance = 0;
      for (int i = 0; i < width; i++) {
        variance += (x[row + i] - mean) * (x[row + i] - mean) / width;
      }
      for (int i = 0; i < width; i++) {
        out[row + i] = (x[row + i] - mean) / Math.sqrt(variance + epsilon) * weight[i] + bias[i];
      }
    }
    return out;
  }

  private static int checkWidth(String operation, Tensor x, String name, Tensor vector) {
    int width = Math.toIntExact(vector.elements());
    if (x.shape().width() != width) {
      throw new IllegalArgumentException(
          operation
              + ": x "
              + x.shape()
              + " and "
              + name
              + " "
              + vector.shape()
              + " differ: x's last dimension must equal the length of "
              + name
              + ", "
              + Shape.of(width));
    }
    return width;
  }
}
