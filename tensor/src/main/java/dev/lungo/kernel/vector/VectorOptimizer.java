package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;

import dev.lungo.kernel.OptimizerKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Optimizer steps.
final class VectorOptimizer implements OptimizerKernels {
  private final Parallel parallel;

  VectorOptimizer(Parallel parallel) {
    this.parallel = parallel;
  }

  /// The factors of one step, the same for every element.
  private record AdamFactors(
      float gradientScale,
      float beta1,
      float oneMinusBeta1,
      float beta2,
      float oneMinusBeta2,
      float decay,
      float stepSize,
      float inverseRootCorrection,
      float epsilon) {

    FloatVector first(FloatVector m, FloatVector g) {
      return m.mul(beta1).add(g.mul(oneMinusBeta1));
    }

    FloatVector second(FloatVector v, FloatVector g) {
      return v.mul(beta2).add(g.mul(g).mul(oneMinusBeta2));
    }

    FloatVector parameter(FloatVector p, FloatVector m, FloatVector v) {
      return p.mul(decay)
          .sub(m.mul(stepSize).div(v.sqrt().mul(inverseRootCorrection).add(epsilon)));
    }
  }

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
    AdamFactors factors =
        new AdamFactors(
            gradientScale,
            beta1,
            (float) (1.0 - beta1),
            beta2,
            (float) (1.0 - beta2),
            (float) (1 - (double) rate * weightDecay),
            (float) (rate / (1 - Math.pow(beta1, step))),
            (float) (1 / Math.sqrt(1 - Math.pow(beta2, step))),
            epsilon);
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            FloatVector g = load(gradient, i).mul(factors.gradientScale);
            FloatVector m = factors.first(load(firstMoment, i), g);
            FloatVector v = factors.second(load(secondMoment, i), g);
            store(m, firstMoment, i);
            store(v, secondMoment, i);
            store(factors.parameter(load(parameter, i), m, v), parameter, i);
          }
          if (i < to) {
            VectorMask<Float> tail = Lanes.first(to - i);
            FloatVector g = load(gradient, i, tail).mul(factors.gradientScale);
            FloatVector m = factors.first(load(firstMoment, i, tail), g);
            FloatVector v = factors.second(load(secondMoment, i, tail), g);
            store(m, firstMoment, i, tail);
            store(v, secondMoment, i, tail);
            store(factors.parameter(load(parameter, i, tail), m, v), parameter, i, tail);
          }
        });
  }
}
