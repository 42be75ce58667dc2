package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MachinePeakTest {
  @Test
  void everyImplementationKnowsItsPeak() {
    for (String name : KernelChoice.names()) {
      try (Kernels kernels = KernelChoice.open(name, 2)) {
        MachinePeak peak = kernels.measurePeak();
        assertThat(peak.flops()).as(kernels.description()).isBetween(1e8, 1e14);
        assertThat(peak.readBytes()).as(kernels.description()).isBetween(1e7, 1e13);
        assertThat(kernels.measurePeak()).as("measured once").isSameAs(peak);
      }
    }
  }
}
