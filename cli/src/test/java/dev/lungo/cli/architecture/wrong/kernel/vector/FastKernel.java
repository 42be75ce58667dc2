package dev.lungo.cli.architecture.wrong.kernel.vector;

/// Stands for a vector kernel.
public final class FastKernel {
  public float twice(float value) {
    return value + value;
  }
}
