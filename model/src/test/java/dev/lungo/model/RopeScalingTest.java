package dev.lungo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.model.RopeScaling.Divisors;
import dev.lungo.model.RopeScaling.Dynamic;
import dev.lungo.model.RopeScaling.Linear;
import dev.lungo.model.RopeScaling.Llama3;
import dev.lungo.model.RopeScaling.LongRope;
import dev.lungo.model.RopeScaling.Yarn;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class RopeScalingTest {
  private static final int HEAD = 128;
  private static final double BASE = 10_000;
  private static final double[] PLAIN = RopeScaling.NONE.frequencies(HEAD, BASE, 1);

  private static double ratio(RopeScaling scaling, int pair) {
    return PLAIN[pair] / scaling.frequencies(HEAD, BASE, 1)[pair];
  }

  @Test
  void unscaledAnglesFallGeometrically() {
    assertThat(PLAIN).hasSize(64);
    assertThat(PLAIN[0]).isEqualTo(1);
    assertThat(PLAIN[32]).isCloseTo(0.01, within(1e-15));
  }

  @Test
  void interpolationDividesEveryAngle() {
    for (int pair = 0; pair < 64; pair++) {
      assertThat(ratio(new Linear(4), pair)).isCloseTo(4, within(1e-12));
    }
  }

  /// The published base of NTK-aware scaling by four: base · s^(d/(d-2)).
  @Test
  void dynamicScalingReachesThePublishedBase() {
    // s·T/L - (s - 1) = 4 with s = 2 at T = 2.5 L.
    assertThat(new Dynamic(2, 1000).base(HEAD, BASE, 2500)).isCloseTo(40_889.94, within(0.005));
    assertThat(new Dynamic(2, 1000).base(HEAD, BASE, 1000)).isEqualTo(BASE);
  }

  @Test
  void ntkScalingSlowsOnlyTheSlowestPairByTheWholeFactor() {
    double base = RopeScaling.ntkBase(BASE, 4, HEAD);
    assertThat(base).isCloseTo(40_889.94, within(0.005));
    double[] slower = RopeScaling.NONE.frequencies(HEAD, base, 1);
    assertThat(slower[0]).isEqualTo(1);
    assertThat(PLAIN[63] / slower[63]).isCloseTo(4, within(1e-9));
  }

  @Test
  void dynamicScalingStartsBeyondTheOriginalContext() {
    Dynamic dynamic = new Dynamic(2, 1000);
    assertThat(dynamic.frequencies(HEAD, BASE, 7)).containsExactly(PLAIN);
    assertThat(dynamic.frequencies(HEAD, BASE, 1000)).containsExactly(PLAIN);
    assertThat(dynamic.frequencies(HEAD, BASE, 2500)[63])
        .isCloseTo(Math.pow(40_889.94, -126.0 / 128), within(1e-9));
    assertThat(dynamic.reach(1000)).isEqualTo(2000);
  }

  @Test
  void theYarnRampRunsBetweenThePublishedPairs() {
    Yarn yarn = new Yarn(16, 4096);
    assertThat(yarn.rampStart(HEAD, BASE)).isEqualTo(20);
    assertThat(yarn.rampEnd(HEAD, BASE)).isEqualTo(46);
    assertThat(ratio(yarn, 20)).isCloseTo(1, within(1e-12));
    assertThat(ratio(yarn, 46)).isCloseTo(16, within(1e-12));
    assertThat(1 / ratio(yarn, 33)).isCloseTo((1 + 1.0 / 16) / 2, within(1e-12));
  }

  @Test
  void theYarnAttentionFactorIsThePublishedOne() {
    assertThat(new Yarn(16, 4096).attentionFactor()).isCloseTo(1.277259, within(5e-7));
    assertThat(new Yarn(32, 4096).attentionFactor()).isCloseTo(1.346574, within(5e-7));
    assertThat(new Yarn(1, 4096).attentionFactor()).isEqualTo(1);
  }

  @Test
  void theLongRopeFactorIsThePublishedOne() {
    assertThat(LongRope.usualFactor(8, 4096)).isCloseTo(1.118034, within(5e-7));
    assertThat(LongRope.usualFactor(32, 4096)).isCloseTo(1.190238, within(5e-7));
    assertThat(LongRope.usualFactor(1, 4096)).isEqualTo(1);
  }

  @Test
  void longRopeChangesItsDivisorsBeyondTheOriginalContext() {
    LongRope rope =
        new LongRope(Collections.nCopies(64, 1.5), Collections.nCopies(64, 6.0), 4096, 1.19);
    assertThat(rope.frequencies(HEAD, BASE, 4096)[5]).isEqualTo(PLAIN[5] / 1.5);
    assertThat(rope.frequencies(HEAD, BASE, 4097)[5]).isEqualTo(PLAIN[5] / 6);
    assertThat(rope.regime(3)).isEqualTo(rope.regime(4096)).isNotEqualTo(rope.regime(4097));
  }

  /// Factor 8, low 1, high 4, original context 8192: pairs of more than 4 turns stay, those of less
  /// than one are divided by 8, those between are mixed.
  @Test
  void llama31ScalesPieceByPiece() {
    double base = 500_000;
    double[] plain = RopeScaling.NONE.frequencies(HEAD, base, 1);
    double[] scaled = new Llama3(8, 1, 4, 8192).frequencies(HEAD, base, 1);
    int kept = 0;
    int mixed = 0;
    for (int pair = 0; pair < 64; pair++) {
      double turns = 8192 * plain[pair] / (2 * Math.PI);
      if (turns > 4) {
        assertThat(scaled[pair]).isCloseTo(plain[pair], within(1e-15));
        kept++;
      } else if (turns < 1) {
        assertThat(scaled[pair]).isCloseTo(plain[pair] / 8, within(1e-15));
      } else {
        double smooth = (turns - 1) / 3;
        assertThat(scaled[pair])
            .isCloseTo((1 - smooth) * plain[pair] / 8 + smooth * plain[pair], within(1e-15));
        mixed++;
      }
    }
    assertThat(kept).isEqualTo(29);
    assertThat(mixed).isEqualTo(6);
  }

  @Test
  void divisorsDivide() {
    assertThat(new Divisors(Collections.nCopies(64, 3.0)).frequencies(HEAD, BASE, 1)[7])
        .isEqualTo(PLAIN[7] / 3);
    assertThatThrownBy(() -> new Divisors(List.of(1.0)).frequencies(HEAD, BASE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 divisors for 64 pairs");
  }

  @Test
  void nonsenseIsRefused() {
    for (Runnable nonsense :
        List.<Runnable>of(
            () -> new Linear(Double.NaN),
            () -> new Linear(0),
            () -> new Linear(0.5),
            () -> new Dynamic(0.9, 10),
            () -> new Llama3(0.5, 1, 4, 8192),
            () -> new Yarn(0.5, 10),
            () -> RopeScaling.ntkBase(10_000, 0.5, 128),
            () -> RopeScaling.ntkBase(10_000, 2, 2),
            () -> new Dynamic(-1, 10),
            () -> new Dynamic(2, 0),
            () -> new Llama3(8, 4, 4, 8192),
            () -> new Llama3(8, 1, Double.POSITIVE_INFINITY, 8192),
            () -> new Yarn(Double.POSITIVE_INFINITY, 10),
            () -> new Yarn(2, 10, 32, 1, Double.NaN),
            () -> new Divisors(List.of(1.0, Double.NaN)),
            () -> new LongRope(List.of(1.0), List.of(), 10, 1))) {
      assertThatThrownBy(nonsense::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("rope scaling");
    }
  }
}
