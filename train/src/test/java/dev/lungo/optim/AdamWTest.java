package dev.lungo.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameters;
import dev.lungo.tensor.Tensor;
import org.junit.jupiter.api.Test;

class AdamWTest {
  @Test
  void stepsFollowTheFormula() {
    try (Kernels kernels = KernelChoice.open(1);
        Parameters parameters = new Parameters(true)) {
      Tensor weight = parameters.matrix("w", 1, 2, 0).set(1f, -2f);
      AdamW.Settings settings = new AdamW.Settings(0.1, 0.9, 0.99, 1e-8, 0.5);
      double[] value = {1, -2};
      double[] first = new double[2];
      double[] second = new double[2];
      try (AdamW adamW = new AdamW(kernels).add(parameters.all(), settings)) {
        for (int step = 1; step <= 5; step++) {
          float[] gradient = {step, -0.5f * step};
          weight.gradient().orElseThrow().set(gradient);
          adamW.step(step, 0.5f, 0.8);
          for (int i = 0; i < 2; i++) {
            double g = 0.5 * gradient[i];
            double rate = 0.1 * 0.8;
            value[i] -= rate * 0.5 * value[i];
            first[i] = 0.9 * first[i] + 0.1 * g;
            second[i] = 0.99 * second[i] + 0.01 * g * g;
            double m = first[i] / (1 - Math.pow(0.9, step));
            double v = second[i] / (1 - Math.pow(0.99, step));
            value[i] -= rate * m / (Math.sqrt(v) + 1e-8);
            assertThat((double) weight.at(i)).isCloseTo(value[i], within(1e-5));
          }
        }
        assertThat(adamW.state().keySet()).containsExactly("adamw.first.w", "adamw.second.w");
      }
    }
  }

  @Test
  void theScheduleRisesStaysAndFalls() {
    Schedule schedule = new Schedule(4, 10, 20, 0, Schedule.Decay.LINEAR);
    assertThat(schedule.factor(1)).isEqualTo(0.2);
    assertThat(schedule.factor(5)).isEqualTo(1);
    assertThat(schedule.factor(10)).isEqualTo(1);
    assertThat(schedule.factor(15)).isCloseTo(6.0 / 11, within(1e-12));
    assertThat(schedule.factor(20)).isCloseTo(1.0 / 11, within(1e-12));
  }
}
