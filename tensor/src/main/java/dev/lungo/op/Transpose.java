package dev.lungo.op;

import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// The exchange of the first two dimensions: batch-major sequences become time-major and back.
public final class Transpose {
  private static final int ROWS_PER_TASK = 256;

  private Transpose() {}

  /// Exchanges the first two dimensions.
  ///
  /// @param x (N, M, C)
  /// @return (M, N, C)
  public static Tensor swapFirst(Pass pass, Tensor x) {
    if (x.shape().rank() != 3) {
      throw new IllegalArgumentException(
          "swapFirst: x must have three dimensions, but is " + x.shape());
    }
    Shape shape = x.shape();
    Shape turned = Shape.of(shape.dimension(1), shape.dimension(0), shape.width());
    if (shape.dimension(0) == 1 || shape.dimension(1) == 1) {
      return x.view(turned.dimension(0), turned.dimension(1), turned.width());
    }
    Tensor out = pass.allocate(turned);
    copy(pass, x, out);
    if (pass.records() && x.requiresGradient()) {
      pass.record(new Saved(x, out));
    }
    return out;
  }

  private record Saved(Tensor x, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      Tensor dx = pass.allocate(x.shape());
      copy(pass, dOut, dx);
      if (x.gradient().isEmpty()) {
        x.setGradient(dx);
      } else {
        pass.addToGradient(x, dx);
      }
    }
  }

  private static void copy(Pass pass, Tensor from, Tensor to) {
    int outer = to.shape().dimension(0);
    int inner = to.shape().dimension(1);
    long bytes = (long) to.shape().width() * Float.BYTES;
    MemorySegment source = from.data();
    MemorySegment target = to.data();
    pass.kernels()
        .parallel()
        .forRange(
            outer * inner,
            ROWS_PER_TASK,
            (first, end) -> {
              for (int row = first; row < end; row++) {
                long at = ((long) row % inner * outer + row / inner) * bytes;
                MemorySegment.copy(source, at, target, row * bytes, bytes);
              }
            });
  }

  /// The formula: out[m,n] = x[n,m].
  static double[] reference(double[] x, int n, int m, int width) {
    double[] out = new double[x.length];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < m; j++) {
        System.arraycopy(x, (i * m + j) * width, out, (j * n + i) * width, width);
      }
    }
    return out;
  }
}
