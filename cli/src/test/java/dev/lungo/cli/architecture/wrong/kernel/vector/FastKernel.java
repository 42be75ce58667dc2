package dev.lungo.cli.architecture.wrong.kernel.vector;

import jdk.incubator.vector.FloatVector;

/// Stands for a vector kernel. Breaks one rule: passes vectors, and is not always inlined.
public final class FastKernel {
  public float twice(float value) {
    return value + value;
  }

  FloatVector doubled(FloatVector vector) {
    return vector.add(vector);
  }
}
