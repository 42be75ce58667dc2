package dev.lungo.optim;

import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameters;
import dev.lungo.tensor.Tensor;

/// The length of all gradients taken as one vector, by which they are clipped (Pascanu et al. 2013,
/// arXiv:1211.5063).
public final class GradientNorm {
  private GradientNorm() {}

  /// Computes the norm; not a finite number if any gradient is none.
  public static double of(Kernels kernels, Parameters parameters) {
    double sum = 0;
    for (Parameter parameter : parameters.all()) {
      Tensor gradient = parameter.tensor().gradient().orElseThrow();
      sum += kernels.elementwise().sumOfSquares(gradient.data(), gradient.elements());
    }
    return Math.sqrt(sum);
  }

  /// Returns the factor that brings a norm down to `limit`; 1 if it is below.
  public static float scale(double norm, double limit) {
    return norm > limit ? (float) (limit / norm) : 1;
  }
}
