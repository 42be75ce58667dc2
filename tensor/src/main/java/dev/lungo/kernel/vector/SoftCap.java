package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.SPECIES;
import static dev.lungo.kernel.vector.Lanes.constant;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Bounds numbers smoothly: cap · tanh(x / cap).
final class SoftCap {
  /// Below, tanh comes from its series: one less a number near one would lose its digits.
  private static final FloatVector SMALL = constant(0.3);

  private static final FloatVector ONE = constant(1);
  private static final FloatVector TWO = constant(2);

  /// The series of tanh(x)/x in x²; the first term left out is below 6e-8.
  private static final FloatVector POWER_2 = constant(-1.0 / 3);

  private static final FloatVector POWER_4 = constant(2.0 / 15);
  private static final FloatVector POWER_6 = constant(-17.0 / 315);
  private static final FloatVector POWER_8 = constant(62.0 / 2835);

  private SoftCap() {}

  static FloatVector tanh(FloatVector x) {
    FloatVector square = x.mul(x);
    FloatVector series =
        POWER_8.fma(square, POWER_6).fma(square, POWER_4).fma(square, POWER_2).fma(square, ONE);
    FloatVector large = ONE.sub(TWO.div(VectorExponential.exp(x.add(x)).add(ONE)));
    return large.blend(x.mul(series), x.abs().compare(VectorOperators.LT, SMALL));
  }

  /// Bounds the first `count` values, and what lies in the same vector as the last of them.
  static void bound(float[] values, int count, float cap) {
    for (int i = 0; i < count; i += LENGTH) {
      tanh(FloatVector.fromArray(SPECIES, values, i).div(cap)).mul(cap).intoArray(values, i);
    }
  }

  /// Bounds the first `count` values, a multiple of a vector's length, times `scale`, and stores
  /// how fast each of them grows: scale · (1 - tanh²).
  static void boundWithSlopes(float[] values, int count, float scale, float cap, float[] slopes) {
    for (int i = 0; i < count; i += LENGTH) {
      FloatVector tanh = tanh(FloatVector.fromArray(SPECIES, values, i).mul(scale).div(cap));
      tanh.mul(cap).intoArray(values, i);
      ONE.sub(tanh.mul(tanh)).mul(scale).intoArray(slopes, i);
    }
  }
}
