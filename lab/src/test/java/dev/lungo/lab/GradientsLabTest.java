package dev.lungo.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradientsLabTest {
  private static final LabListener QUIET =
      new LabListener() {
        @Override
        public void phase(String name, String text) {}

        @Override
        public void progressed(String part, double fraction) {
          assertThat(fraction).isBetween(0.0, 1.0);
        }
      };

  @Test
  void theRadiusOfATurnIsItsFactor() {
    double angle = 0.7;
    double c = 0.8 * Math.cos(angle);
    double s = 0.8 * Math.sin(angle);
    assertThat(SpectralRadius.of(new double[] {c, -s, s, c}, 2)).isCloseTo(0.8, within(1e-3));
    assertThat(SpectralRadius.of(new double[] {0.3, 100, 0, 0.5}, 2)).isCloseTo(0.5, within(2e-3));
    assertThat(SpectralRadius.of(new double[] {0, 1, 0, 0}, 2)).isZero();
  }

  @Test
  void theRateOfAPowerIsItsBase() {
    double[] norms = new double[30];
    for (int i = 0; i < norms.length; i++) {
      norms[i] = 3 * Math.pow(0.6, i);
    }
    assertThat(new TimeGradients(norms).rate(4)).isCloseTo(0.6, within(1e-9));
    assertThat(new TimeGradients(norms).relative()[2]).isCloseTo(0.36, within(1e-9));
  }

  @Test
  void onlyTheSymbolAnswersTheQuestion() {
    try (Workspace workspace = new Workspace("task")) {
      RecallTask task = new RecallTask(5, 3);
      Tensor ids = workspace.allocate(Shape.of(4, 6), DType.INT32);
      Tensor targets = workspace.allocate(Shape.of(4, 6), DType.INT32);
      task.batches().fill(2, ids, targets);
      for (int row = 0; row < 4; row++) {
        for (int t = 0; t < 6; t++) {
          int id = ids.data().getAtIndex(ValueLayout.JAVA_INT, row * 6 + t);
          int target = targets.data().getAtIndex(ValueLayout.JAVA_INT, row * 6 + t);
          assertThat(id < RecallTask.SYMBOLS).isEqualTo(t == 0);
          assertThat(target)
              .isEqualTo(t == 5 ? ids.data().getAtIndex(ValueLayout.JAVA_INT, row * 6) : -1);
        }
      }
    }
  }

  @Test
  void firstGradientsFollowTheFormulas() {
    GradientsLab.Outcome outcome =
        GradientsLab.run(new GradientsLab.Settings(List.of(2), 12, 1, 1), QUIET);
    List<Finding> laws =
        outcome.report().findings().stream()
            .filter(finding -> finding.measured().endsWith("a step"))
            .toList();
    assertThat(laws).hasSize(9).allMatch(Finding::agrees);
    assertThat(outcome.recalls()).hasSize(4);
    assertThat(outcome.report().html()).contains("<svg", "spectral radius");
  }

  @Test
  void senselessSettingsAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new GradientsLab.Settings(List.of(0), 5, 1, 1))
        .withMessageContaining("all at least 1");
  }
}
