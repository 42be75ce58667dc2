package dev.lungo.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The exponential function with the same bits in interpreted and compiled code.
///
/// `lanewise(EXP)` is as accurate, but its compiled form and its interpreted form differ in the last bit of some values
/// (4 in 100 on x86), so that a result would depend on the moment at which a method was compiled. This one consists of
/// operations that IEEE 754 fixes.
final class VectorExponential {
  /// Below, 2^n leaves the range of normal numbers and the result is 0.
  private static final float LOWEST = -87;

  /// Above, the result is infinite.
  private static final float HIGHEST = 88;

  private static final float LOG2_E = (float) (1 / Math.log(2));

  /// ln 2 in two parts, the first so short that its multiples are exact.
  private static final float LN2_HIGH = 0.693359375f;

  private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);

  /// Added to a small number, it leaves the nearest integer in the lowest bits.
  private static final float ROUNDER = 0x1.8p23f;

  private static final int EXPONENT_BITS = 23;

  private VectorExponential() {}

  /// Returns e^x within 2 units in the last place; 0 below -87, infinity above 88.
  static FloatVector exp(FloatVector x) {
    FloatVector rounded = x.mul(LOG2_E).add(ROUNDER);
    FloatVector n = rounded.sub(ROUNDER);
    FloatVector r = n.fma(n.broadcast(-LN2_HIGH), x);
    r = n.fma(n.broadcast(-LN2_LOW), r);
    // e^r by Taylor's series: |r| ≤ ln 2 / 2, so that the first term left out is below 6e-9.
    FloatVector sum = r.broadcast(1f / 5040).fma(r, r.broadcast(1f / 720));
    sum = sum.fma(r, r.broadcast(1f / 120));
    sum = sum.fma(r, r.broadcast(1f / 24));
    sum = sum.fma(r, r.broadcast(1f / 6));
    sum = sum.fma(r, r.broadcast(0.5f));
    sum = sum.fma(r, r.broadcast(1f));
    sum = sum.fma(r, r.broadcast(1f));
    IntVector power = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, EXPONENT_BITS);
    FloatVector result = sum.reinterpretAsInts().add(power).reinterpretAsFloats();
    return result
        .blend(0, x.compare(VectorOperators.LT, LOWEST))
        .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, HIGHEST));
  }
}
