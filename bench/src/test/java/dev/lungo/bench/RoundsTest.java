package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {
  @Test
  void medianIsTheMiddleOfTheSortedValues() {
    assertThat(Rounds.median(new double[] {9, 1, 5})).isEqualTo(5);
    assertThat(Rounds.median(new double[] {4, 1, 3, 2})).isEqualTo(2.5);
    assertThatThrownBy(() -> Rounds.median(new double[0])).hasMessageContaining("no median");
  }

  @Test
  void geometricMeanMultipliesRatios() {
    assertThat(Rounds.geometricMean(new double[] {0.5, 2, 8}))
        .isCloseTo(2, org.assertj.core.data.Offset.offset(1e-12));
  }

  @Test
  void contestantsTakeTurnsInAnOrderThatTurnsAround() throws Exception {
    StringBuilder order = new StringBuilder();
    double[] medians =
        Rounds.medians(
            3,
            List.of(
                () -> {
                  order.append('a');
                  return order.length();
                },
                () -> {
                  order.append('b');
                  return 7;
                }));
    assertThat(order).hasToString("ab" + "ab" + "ba" + "ab");
    // Ours ran as the third, sixth and seventh; the first run does not count.
    assertThat(medians).containsExactly(6, 7);
  }
}
