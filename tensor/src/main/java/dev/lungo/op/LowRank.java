package dev.lungo.op;

import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.tensor.Adapter;
import dev.lungo.tensor.Tensor;

/// The low-rank change of a linear layer, y += s·(x·Aᵀ)·Bᵀ (LoRA, Hu et al. 2021,
/// arXiv:2106.09685): two thin products instead of a second weight.
public final class LowRank {
  private LowRank() {}

  /// Adds the change to the output that the unchanged weight gave. In place: a sum has the gradient
  /// of its parts, so that both steps may share one tensor.
  ///
  /// @param y (…, out)
  /// @param x (…, in)
  static void addTo(Pass pass, Tensor y, Tensor x, Adapter adapter) {
    int rows = x.shape().rows();
    int in = x.shape().width();
    int out = y.shape().width();
    int rank = adapter.down().shape().dimension(0);
    if (adapter.down().shape().width() != in || adapter.up().shape().dimension(0) != out) {
      throw new IllegalArgumentException(
          "low-rank change: down "
              + adapter.down().shape()
              + " and up "
              + adapter.up().shape()
              + " do not lead from x "
              + x.shape()
              + " to y "
              + y.shape());
    }
    var matmul = pass.kernels().matmul();
    Tensor inner = pass.allocate(rows, rank);
    matmul.multiply(Form.NT, rows, rank, in, x.data(), adapter.down().data(), inner.data(), false);
    pass.kernels().elementwise().scale(inner.data(), adapter.scale(), inner.elements());
    matmul.multiply(Form.NT, rows, out, rank, inner.data(), adapter.up().data(), y.data(), true);
    if (pass.records()
        && (x.requiresGradient()
            || adapter.down().requiresGradient()
            || adapter.up().requiresGradient())) {
      pass.record(new Saved(x, adapter, inner, y));
    }
  }

  /// @param inner (rows, rank) s·x·Aᵀ
  private record Saved(Tensor x, Adapter adapter, Tensor inner, Tensor output)
      implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      Tensor down = adapter.down();
      Tensor up = adapter.up();
      int rows = x.shape().rows();
      int in = x.shape().width();
      int out = output.shape().width();
      int rank = down.shape().dimension(0);
      var matmul = pass.kernels().matmul();
      Tensor dInner = pass.allocate(rows, rank);
      matmul.multiply(Form.NN, rows, rank, out, dOut.data(), up.data(), dInner.data(), false);
      pass.kernels().elementwise().scale(dInner.data(), adapter.scale(), dInner.elements());
      if (up.requiresGradient()) {
        matmul.multiply(
            Form.TN, out, rank, rows, dOut.data(), inner.data(), pass.gradient(up).data(), true);
      }
      if (down.requiresGradient()) {
        matmul.multiply(
            Form.TN, rank, in, rows, dInner.data(), x.data(), pass.gradient(down).data(), true);
      }
      if (x.requiresGradient()) {
        Tensor present = x.gradient().orElse(null);
        Tensor dx = present == null ? pass.gradientToOverwrite(x) : present;
        matmul.multiply(
            Form.NN, rows, in, rank, dInner.data(), down.data(), dx.data(), present != null);
      }
    }
  }

  /// The formula: x·(W + s·B·A)ᵀ.
  ///
  /// @param down A, (rank, in)
  /// @param up B, (out, rank)
  static double[] reference(
      double[] x, double[] weight, double[] down, double[] up, double scale, int in) {
    int rank = down.length / in;
    double[] changed = weight.clone();
    for (int i = 0; i < changed.length; i++) {
      for (int r = 0; r < rank; r++) {
        changed[i] += scale * up[i / in * rank + r] * down[r * in + i % in];
      }
    }
    return Linear.reference(x, changed, new double[0], in);
  }
}
