package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClassificationScoresTest {
  private static final List<String> LABELS = List.of("a", "b", "c");

  /// Four texts; a, a, b, c are answered a, b, b, b.
  private static final ClassificationScores SCORES =
      ClassificationScores.of(
          LABELS,
          new int[] {0, 0, 1, 2},
          new float[][] {
            {0.9f, 0.05f, 0.05f}, {0.3f, 0.6f, 0.1f}, {0.2f, 0.75f, 0.05f}, {0.1f, 0.8f, 0.1f}
          });

  @Test
  void accuracyIsTheShareOfRightAnswers() {
    assertThat(SCORES.accuracy()).isEqualTo(0.5);
    assertThat(SCORES.texts()).isEqualTo(4);
  }

  @Test
  void confusionHasRowForEachRightLabel() {
    assertThat(SCORES.confusion())
        .containsExactly(List.of(1, 1, 0), List.of(0, 1, 0), List.of(0, 1, 0));
  }

  /// a: P 1, R 1/2; b: P 1/3, R 1; c: never answered.
  @Test
  void f1IsTheHarmonicMeanOfPrecisionAndRecall() {
    assertThat(SCORES.labels().get(0).f1()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(SCORES.labels().get(1).precision()).isCloseTo(1 / 3.0, within(1e-12));
    assertThat(SCORES.labels().get(1).f1()).isCloseTo(0.5, within(1e-12));
    assertThat(SCORES.labels().get(2).f1()).isZero();
    assertThat(SCORES.macroF1()).isCloseTo((2 / 3.0 + 0.5) / 3, within(1e-12));
  }

  @Test
  void lossIsTheMeanOfMinusLogarithmOfTheRightProbability() {
    double sum = Math.log(0.9) + Math.log(0.3) + Math.log(0.75) + Math.log(0.1);
    assertThat(SCORES.loss()).isCloseTo(-sum / 4, within(1e-6));
  }

  /// Bins: 0.5–0.6 holds 0.6 (wrong), 0.7–0.8 holds 0.75 (right) and 0.8 (wrong), 0.8–0.9 holds 0.9
  /// (right).
  @Test
  void calibrationErrorWeighsTheGapOfEachBin() {
    double error = (0.6 + 2 * Math.abs(0.5 - 0.775) + 0.1) / 4;
    assertThat(SCORES.expectedCalibrationError()).isCloseTo(error, within(1e-6));
    assertThat(SCORES.reliability()).hasSize(10);
    assertThat(SCORES.reliability().get(7).texts()).isEqualTo(2);
    assertThat(SCORES.reliability().get(7).accuracy()).isEqualTo(0.5);
  }

  @Test
  void labelsThatNeitherOccurNorAreAnsweredDoNotCount() {
    ClassificationScores scores =
        ClassificationScores.of(LABELS, new int[] {0}, new float[][] {{0.8f, 0.1f, 0.1f}});
    assertThat(scores.macroF1()).isEqualTo(1);
  }

  @Test
  void nothingToMeasureIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ClassificationScores.of(LABELS, new int[0], new float[0][]));
  }
}
