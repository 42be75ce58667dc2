package dev.lungo.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.nn.Parameters;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MuonTest {
  @ParameterizedTest
  @CsvSource({"24,24", "16,48", "48,16"})
  void theUpdateOfARandomGradientIsNearlyOrthogonal(int rows, int columns) {
    try (Kernels kernels = KernelChoice.open(1);
        Parameters parameters = new Parameters(true);
        Workspace workspace = new Workspace("test")) {
      Tensor weight = parameters.matrix("w", rows, columns, 0);
      weight.fill(0);
      new RandomNumbers(1).fillNormal(weight.gradient().orElseThrow(), 3);
      try (Muon muon = new Muon(kernels, parameters.all(), new Muon.Settings(1, 0.95, 0, 5))) {
        muon.step(1, 1, 1);
      }
      int small = Math.min(rows, columns);
      Tensor gram = workspace.allocate(small, small);
      Form form = rows <= columns ? Form.NT : Form.TN;
      kernels
          .matmul()
          .multiply(
              form,
              small,
              small,
              Math.max(rows, columns),
              weight.data(),
              weight.data(),
              gram.data(),
              false);
      double scale = Math.max(1.0, (double) rows / columns);
      double trace = 0;
      double offDiagonal = 0;
      for (int i = 0; i < small; i++) {
        for (int j = 0; j < small; j++) {
          double value = gram.at((long) i * small + j) / scale;
          if (i == j) {
            trace += value / small;
          } else {
            offDiagonal += value * value / small;
          }
        }
      }
      // Squared singular values lie between 0.7² and 1.2², small ones may lag behind.
      assertThat(trace).isBetween(0.5, 1.3);
      assertThat(offDiagonal).isLessThan(0.15);
    }
  }

  @Test
  void onlyMatricesAreTaken() {
    try (Kernels kernels = KernelChoice.open(1);
        Parameters parameters = new Parameters(true)) {
      parameters.scale("norm", 8);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Muon(kernels, parameters.all(), new Muon.Settings(1, 0.95, 0, 5)))
          .withMessageContaining("norm (8) is no matrix");
    }
  }
}
