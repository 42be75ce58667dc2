package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.ExponentialLanes.tanh;
import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.constant;
import static dev.lungo.kernel.vector.Lanes.get;

import jdk.incubator.vector.FloatVector;

/// Bounds numbers smoothly: cap · tanh(x / cap).
final class SoftCap {
  private static final FloatVector ONE = constant(1);

  private SoftCap() {}

  /// Bounds the first `count` values, and what lies in the same vector as the last of them.
  static void bound(float[] values, int count, float cap) {
    for (int i = 0; i < count; i += LENGTH) {
      tanh(get(values, i).div(cap)).mul(cap).intoArray(values, i);
    }
  }

  /// Bounds the first `count` values, a multiple of a vector's length, times `scale`, and stores
  /// how fast each of them grows: scale · (1 - tanh²).
  static void boundWithSlopes(float[] values, int count, float scale, float cap, float[] slopes) {
    for (int i = 0; i < count; i += LENGTH) {
      FloatVector tanh = tanh(get(values, i).mul(scale).div(cap));
      tanh.mul(cap).intoArray(values, i);
      ONE.sub(tanh.mul(tanh)).mul(scale).intoArray(slopes, i);
    }
  }
}
