package dev.lungo.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MachineTest {
  @Test
  void processorNameComesFromTheFirstModelLine() {
    assertThat(
            Machine.processorName(
                List.of("processor\t: 0", "model name\t: AMD EPYC", "model name\t: other")))
        .isEqualTo("AMD EPYC");
  }

  @Test
  void vectorWidthComesFromTheKernelsDescription() {
    assertThat(Machine.vectorBits("Vector API, 8 floats (S_256_BIT), 2 threads")).isEqualTo(256);
    assertThat(Machine.vectorBits("plain Java, 2 threads")).isZero();
  }
}
