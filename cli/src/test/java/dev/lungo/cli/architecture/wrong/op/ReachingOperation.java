package dev.lungo.cli.architecture.wrong.op;

import dev.lungo.cli.architecture.wrong.kernel.vector.FastKernel;
import jdk.incubator.vector.FloatVector;

/// Breaks two rules: knows a vector kernel, and uses the vector module itself.
public final class ReachingOperation {
  public float apply(FastKernel kernel) {
    return kernel.twice(FloatVector.SPECIES_PREFERRED.length());
  }
}
