package dev.lungo.op;

import dev.lungo.kernel.BlockMatmulKernels.Product;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.quant.BlockFormat;
import dev.lungo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The linear map y = x·Wᵀ + b, with the low-rank change of W, where it has one ([LowRank]).
public final class Linear {
  private Linear() {}

  /// Computes x·Wᵀ.
  ///
  /// @param x (…, in)
  /// @param weight (out, in)
  /// @return (…, out)
  public static Tensor linear(Pass pass, Tensor x, Tensor weight) {
    return linear(pass, x, weight, Optional.empty());
  }

  /// Computes x·Wᵀ + b.
  ///
  /// @param x (…, in)
  /// @param weight (out, in)
  /// @param bias (out)
  /// @return (…, out)
  public static Tensor linear(Pass pass, Tensor x, Tensor weight, Tensor bias) {
    return linear(pass, x, weight, Optional.of(bias));
  }

  /// Computes x·Wᵀ for several weights: together, where they are stored in blocks and nothing is
  /// recorded.
  ///
  /// @param x (…, in)
  /// @param weights (out, in), each with an out of its own
  /// @return (…, out) for each
  public static List<Tensor> linear(Pass pass, Tensor x, List<Tensor> weights) {
    List<Tensor> results = new ArrayList<>(weights.size());
    if (pass.records() || !areStoredInBlocks(weights)) {
      for (Tensor weight : weights) {
        results.add(linear(pass, x, weight));
      }
      return results;
    }
    List<Product> products = new ArrayList<>(weights.size());
    for (Tensor weight : weights) {
      checkInner(x, weight);
      int out = weight.shape().dimension(0);
      Tensor y = pass.allocate(x.shape().withWidth(out));
      results.add(y);
      BlockFormat format = weight.type().format().orElseThrow();
      products.add(new Product(format, out, weight.data(), y.data()));
    }
    pass.kernels().blockMatmul().multiply(products, x.shape().rows(), x.shape().width(), x.data());
    return results;
  }

  private static boolean areStoredInBlocks(List<Tensor> weights) {
    for (Tensor weight : weights) {
      if (weight.type().format().isEmpty() || weight.adapter().isPresent()) {
        return false;
      }
    }
    return true;
  }

  private static Tensor linear(Pass pass, Tensor x, Tensor weight, Optional<Tensor> bias) {
    checkInner(x, weight);
    int rows = x.shape().rows();
    int in = x.shape().width();
    int out = weight.shape().dimension(0);
    Tensor y = pass.allocate(x.shape().withWidth(out));
    multiply(pass, x, weight, y, rows, in, out);
    bias.ifPresent(b -> {
      if (b.elements() != out) {
        throw new IllegalArgumentException(
            "linear: bias "
                + b.shape()
                + " does not fit weight "
                + weight.shape()
                + "; it must be ("
                + out
                + ")");
      }
      pass.kernels().elementwise().addRow(y.data(), b.data(), y.data(), rows, out);
    });
    if (pass.records() && (x.requiresGradient() || weight.requiresGradient())) {
      pass.record(new Saved(x, weight, bias, y));
    }
    weight.adapter().ifPresent(adapter -> LowRank.addTo(pass, y, x, adapter));
    return y;
  }

  private static void checkInner(Tensor x, Tensor weight) {
    if (weight.shape().rank() != 2 || weight.shape().width() != x.shape().width()) {
      throw new IllegalArgumentException(
          "linear: inner dimensions differ: x "
              + x.shape()
              + ", weight "
              + weight.shape()
              + "; x's last must equal weight's last (weights are stored (out, in))");
    }
  }

  private static void multiply(
      Pass pass, Tensor x, Tensor weight, Tensor y, int rows, int in, int out) {
    Optional<BlockFormat> format = weight.type().format();
    if (format.isEmpty()) {
      pass.kernels()
          .matmul()
          .multiply(Form.NT, rows, out, in, x.data(), weight.data(), y.data(), false);
      return;
    }
    if (pass.records() && x.requiresGradient()) {
      throw new IllegalArgumentException(
          "linear: weights of "
              + weight.type()
              + " pass no gradient on; use float32 ones to train");
    }
    pass.kernels()
        .blockMatmul()
        .multiply(format.get(), rows, out, in, x.data(), weight.data(), y.data());
  }

  private record Saved(Tensor x, Tensor weight, Optional<Tensor> bias, Tensor output)
      implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      int rows = x.shape().rows();
      int in = x.shape().width();
      int out = weight.shape().dimension(0);
      var matmul = pass.kernels().matmul();
      if (x.requiresGradient()) {
        Tensor present = x.gradient().orElse(null);
        Tensor dx = present == null ? pass.gradientToOverwrite(x) : present;
        matmul.multiply(
            Form.NN, rows, in, out, dOut.data(), weight.data(), dx.data(), present != null);
      }
      if (weight.requiresGradient()) {
        Tensor dWeight = pass.gradient(weight);
        matmul.multiply(Form.TN, out, in, rows, dOut.data(), x.data(), dWeight.data(), true);
      }
      if (bias.isPresent() && bias.get().requiresGradient()) {
        pass.kernels()
            .elementwise()
            .addSumOfRows(dOut.data(), pass.gradient(bias.get()).data(), rows, out);
      }
    }
  }

  /// The formula: y[n,o] = Σᵢ x[n,i]·W[o,i] + b[o].
  ///
  /// @param bias (out), or empty for none
  static double[] reference(double[] x, double[] weight, double[] bias, int in) {
    int rows = x.length / in;
    int out = weight.length / in;
    double[] y = new double[rows * out];
    for (int n = 0; n < rows; n++) {
      for (int o = 0; o < out; o++) {
        double sum = bias.length == 0 ? 0 : bias[o];
        for (int i = 0; i < in; i++) {
          sum += x[n * in + i] * weight[o * in + i];
        }
        y[n * out + o] = sum;
      }
    }
    return y;
  }
}
