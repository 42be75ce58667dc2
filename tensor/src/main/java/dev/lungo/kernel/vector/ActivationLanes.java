package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.ExponentialLanes.sigmoid;
import static dev.lungo.kernel.vector.Lanes.constant;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The formulas of the activation functions and their slopes, each once, on a vector.
final class ActivationLanes {
  private static final FloatVector ZERO = constant(0);
  private static final FloatVector ONE = constant(1);

  /// 2u(x) = LINEAR·x + CUBIC·x³, where gelu(x) = x/2 · (1 + tanh(u)) = x · sigmoid(2u).
  private static final FloatVector LINEAR = constant(2 * Math.sqrt(2 / Math.PI));

  private static final FloatVector CUBIC = constant(2 * Math.sqrt(2 / Math.PI) * 0.044715);
  private static final FloatVector THREE_CUBIC =
      constant(2 * Math.sqrt(2 / Math.PI) * 0.044715 * 3);

  private ActivationLanes() {}

  static FloatVector siluSlopeOverSigmoid(FloatVector x, FloatVector s) {
    return x.sub(x.mul(s)).add(ONE);
  }

  static FloatVector gelu(FloatVector x) {
    return x.mul(geluGate(x, x.mul(x)));
  }

  static FloatVector geluGate(FloatVector x, FloatVector square) {
    return sigmoid(x.mul(square.fma(CUBIC, LINEAR)));
  }

  /// With s = sigmoid(2u): gelu'(x) = s + x · s·(1 - s) · 2u'(x).
  static FloatVector geluSlope(FloatVector x) {
    FloatVector square = x.mul(x);
    FloatVector s = geluGate(x, square);
    return x.mul(s).mul(ONE.sub(s)).fma(square.fma(THREE_CUBIC, LINEAR), s);
  }

  /// As max(x, 0), which also has to order zeros by their sign and takes five instructions to.
  static FloatVector relu(FloatVector x) {
    return x.blend(ZERO, x.compare(VectorOperators.LT, ZERO));
  }

  static VectorMask<Float> positive(FloatVector x) {
    return x.compare(VectorOperators.GT, ZERO);
  }
}
