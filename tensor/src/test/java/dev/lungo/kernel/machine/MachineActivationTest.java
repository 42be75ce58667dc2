package dev.lungo.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineActivationTest {
  private static final float[] SPECIAL = {
    0,
    -0f,
    1e-40f,
    87,
    -87,
    87.5f,
    88,
    -88,
    88.1f,
    -88.1f,
    1e30f,
    -1e30f,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN
  };

  /// A model's results do not depend on which of the two computes the activation.
  @ParameterizedTest
  @ValueSource(ints = {1, 37, 16_384, 20_001, 100_003})
  void swiGluHasTheBitsOfTheVectorKernels(int count) {
    Random random = new Random(count);
    float[] gate = new float[count];
    float[] up = new float[count];
    for (int i = 0; i < count; i++) {
      gate[i] = i % 7 == 0 ? SPECIAL[i / 7 % SPECIAL.length] : 20 * (float) random.nextGaussian();
      up[i] = (float) random.nextGaussian();
    }
    assertThat(swiGlu(MachineOrVector.NAME, gate, up)).isEqualTo(swiGlu("vector", gate, up));
  }

  private static float[] swiGlu(String name, float[] gate, float[] up) {
    try (Kernels kernels = KernelChoice.open(name, 2);
        Arena arena = Arena.ofShared()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, gate.length);
      kernels
          .activation()
          .swiGlu(
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, gate),
              arena.allocateFrom(ValueLayout.JAVA_FLOAT, up),
              out,
              gate.length);
      return out.toArray(ValueLayout.JAVA_FLOAT);
    }
  }
}
