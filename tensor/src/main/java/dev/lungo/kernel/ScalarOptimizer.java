package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/// Optimizer steps, element by element.
final class ScalarOptimizer implements OptimizerKernels {
  @Override
  public void adamW(
      MemorySegment parameter,
      MemorySegment gradient,
      MemorySegment firstMoment,
      MemorySegment secondMoment,
      long count,
      float gradientScale,
      float rate,
      float beta1,
      float beta2,
      float epsilon,
      float weightDecay,
      long step) {
    double stepSize = rate / (1 - Math.pow(beta1, step));
    double rootCorrection = Math.sqrt(1 - Math.pow(beta2, step));
    for (long i = 0; i < count; i++) {
      double g = get(gradient, i) * gradientScale;
      double m = beta1 * get(firstMoment, i) + (1.0 - beta1) * g;
      double v = beta2 * get(secondMoment, i) + (1.0 - beta2) * g * g;
      double decayed = get(parameter, i) * (1 - (double) rate * weightDecay);
      set(firstMoment, i, m);
      set(secondMoment, i, v);
      set(parameter, i, decayed - stepSize * m / (Math.sqrt(v) / rootCorrection + epsilon));
    }
  }
}
