package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.constant;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The exponential function, and what is made of it, with the same bits in interpreted and compiled
/// code.
///
/// `lanewise(EXP)` is as accurate, but its compiled form and its interpreted form differ in the
/// last bit of some values (4 in 100 on x86), so that a result would depend on the moment at which
/// a method was compiled. This one consists of operations that IEEE 754 fixes.
final class ExponentialLanes {
  /// Below, 2^n leaves the range of normal numbers and the result is 0.
  private static final FloatVector LOWEST = constant(-87);

  /// Above, the result is infinite.
  private static final FloatVector HIGHEST = constant(88);

  private static final FloatVector LOG2_E = constant(1 / Math.log(2));

  /// -ln 2 in two parts, the first so short that its multiples are exact.
  private static final FloatVector MINUS_LN2_HIGH = constant(-0.693359375);

  private static final FloatVector MINUS_LN2_LOW = constant(0.693359375 - Math.log(2));

  /// Added to a small number, it leaves the nearest integer in the lowest bits.
  private static final FloatVector ROUNDER = constant(0x1.8p23);

  /// Taylor's series of e^r as far as |r| ≤ ln 2 / 2 needs it: the first term left out is below
  /// 6e-9.
  private static final FloatVector ONE = constant(1);

  private static final FloatVector BY_2 = constant(1.0 / 2);
  private static final FloatVector BY_6 = constant(1.0 / 6);
  private static final FloatVector BY_24 = constant(1.0 / 24);
  private static final FloatVector BY_120 = constant(1.0 / 120);
  private static final FloatVector BY_720 = constant(1.0 / 720);
  private static final FloatVector BY_5040 = constant(1.0 / 5040);
  private static final FloatVector ZERO = constant(0);
  private static final FloatVector INFINITY = constant(Double.POSITIVE_INFINITY);

  /// Below, tanh comes from its series: one less a number near one would lose its digits.
  private static final FloatVector SMALL = constant(0.3);

  private static final FloatVector TWO = constant(2);

  /// The series of tanh(x)/x in x²; the first term left out is below 6e-8.
  private static final FloatVector POWER_2 = constant(-1.0 / 3);

  private static final FloatVector POWER_4 = constant(2.0 / 15);
  private static final FloatVector POWER_6 = constant(-17.0 / 315);
  private static final FloatVector POWER_8 = constant(62.0 / 2835);

  private static final int EXPONENT_BITS = 23;

  private ExponentialLanes() {}

  /// Returns e^x within 2 units in the last place; 0 below -87, infinity above 88.
  static FloatVector exp(FloatVector x) {
    FloatVector rounded = x.fma(LOG2_E, ROUNDER);
    FloatVector n = rounded.sub(ROUNDER);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector sum =
        BY_5040
            .fma(r, BY_720)
            .fma(r, BY_120)
            .fma(r, BY_24)
            .fma(r, BY_6)
            .fma(r, BY_2)
            .fma(r, ONE)
            .fma(r, ONE);
    IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, EXPONENT_BITS);
    return sum.reinterpretAsInts()
        .add(power)
        .reinterpretAsFloats()
        .blend(ZERO, x.compare(VectorOperators.LT, LOWEST))
        .blend(INFINITY, x.compare(VectorOperators.GT, HIGHEST));
  }

  static FloatVector sigmoid(FloatVector x) {
    return ONE.div(exp(ZERO.sub(x)).add(ONE));
  }

  static FloatVector tanh(FloatVector x) {
    FloatVector square = x.mul(x);
    FloatVector series =
        POWER_8.fma(square, POWER_6).fma(square, POWER_4).fma(square, POWER_2).fma(square, ONE);
    FloatVector large = ONE.sub(TWO.div(exp(x.add(x)).add(ONE)));
    return large.blend(x.mul(series), x.abs().compare(VectorOperators.LT, SMALL));
  }
}
