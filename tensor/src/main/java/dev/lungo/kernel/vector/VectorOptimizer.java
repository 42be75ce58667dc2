package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;

import dev.lungo.kernel.OptimizerKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/// Optimizer steps.
final class VectorOptimizer implements OptimizerKernels {
  private final Parallel parallel;

  VectorOptimizer(Parallel parallel) {
    this.parallel = parallel;
  }

  /// The factors of one step, the same for every element.
  private record AdamLanes(
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

    /// Does the same, bit for bit, with the one element at `i`: what is left when whole vectors
    /// have been taken. A masked vector would double the loop, which is then too large to be
    /// inlined.
    void one(
        MemorySegment parameter,
        MemorySegment gradient,
        MemorySegment firstMoment,
        MemorySegment secondMoment,
        long i) {
      float g = get(gradient, i) * gradientScale;
      float m = get(firstMoment, i) * beta1 + g * oneMinusBeta1;
      float v = get(secondMoment, i) * beta2 + g * g * oneMinusBeta2;
      set(firstMoment, i, m);
      set(secondMoment, i, v);
      float root = (float) Math.sqrt(v) * inverseRootCorrection + epsilon;
      set(parameter, i, get(parameter, i) * decay - m * stepSize / root);
    }

    private static float get(MemorySegment segment, long index) {
      return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    private static void set(MemorySegment segment, long index, float value) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
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
    AdamLanes factors =
        new AdamLanes(
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
          for (; i < to; i++) {
            factors.one(parameter, gradient, firstMoment, secondMoment, i);
          }
        });
  }
}
