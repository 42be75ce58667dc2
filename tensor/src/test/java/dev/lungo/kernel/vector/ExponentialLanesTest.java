package dev.lungo.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.junit.jupiter.api.Test;

class ExponentialLanesTest {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  @Test
  void isWithinTwoUnitsInTheLastPlace() {
    for (float x = -87; x <= 88; x += 0.00371f) {
      double expected = Math.exp(x);
      assertThat(Math.abs(exp(x) - expected))
          .as("exp(%s)", x)
          .isLessThan(2 * Math.ulp((float) expected));
    }
  }

  @Test
  void zeroGivesExactlyOne() {
    assertThat(exp(0)).isEqualTo(1);
  }

  @Test
  void valuesBeyondTheRangeSaturate() {
    assertThat(exp(Float.NEGATIVE_INFINITY)).isZero();
    assertThat(exp(-1000)).isZero();
    assertThat(exp(1000)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(exp(Float.NaN)).isNaN();
  }

  @Test
  void compiledCodeGivesTheBitsOfInterpretedCode() {
    float[] input = new float[SPECIES.length() * 64];
    for (int i = 0; i < input.length; i++) {
      input[i] = -i * 0.0173f;
    }
    float[] first = new float[input.length];
    expAll(input, first);
    float[] later = new float[input.length];
    for (int i = 0; i < 20_000; i++) {
      expAll(input, later);
    }
    assertThat(later).isEqualTo(first);
  }

  private static void expAll(float[] input, float[] output) {
    for (int i = 0; i < input.length; i += SPECIES.length()) {
      ExponentialLanes.exp(FloatVector.fromArray(SPECIES, input, i)).intoArray(output, i);
    }
  }

  private static float exp(float x) {
    return ExponentialLanes.exp(FloatVector.broadcast(SPECIES, x)).lane(0);
  }
}
