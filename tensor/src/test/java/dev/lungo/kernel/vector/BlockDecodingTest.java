package dev.lungo.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.BrainFloat16;
import dev.lungo.quant.Float16;
import dev.lungo.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BlockDecodingTest {
  @Test
  void everyNumberOf16BitsIsDecodedAsItsFormatDoes() {
    for (BlockFormat format : new BlockFormat[] {new Float16(), new BrainFloat16()}) {
      try (Arena arena = Arena.ofConfined()) {
        // One more than whole vectors, so that the last is decoded alone.
        int count = (1 << 16) + 1;
        MemorySegment memory = arena.allocate(2L * count, 64);
        for (int bits = 0; bits < count; bits++) {
          memory.setAtIndex(ValueLayout.JAVA_SHORT, bits, (short) bits);
        }
        sameBits(format, memory, count);
      }
    }
  }

  static Stream<DType> formats() {
    return Stream.of(DType.values()).filter(type -> type.format().isPresent());
  }

  @ParameterizedTest
  @MethodSource("formats")
  void anyBytesAreDecodedAsTheirFormatDoes(DType type) {
    BlockFormat format = type.format().orElseThrow();
    int count = 3 * Math.max(256, format.blockElements());
    byte[] bytes = new byte[(int) format.bytes(count)];
    Random random = new Random(5);
    for (int round = 0; round < 50; round++) {
      random.nextBytes(bytes);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment memory = arena.allocate(bytes.length, 64);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        sameBits(format, memory, count);
      }
    }
  }

  /// Compares bits, and of what is no number only that it is none.
  private static void sameBits(BlockFormat format, MemorySegment memory, int count) {
    float[] expected = new float[count];
    float[] decoded = new float[count];
    format.decode(memory, 0, expected, 0, count);
    BlockDecoding.decode(format, memory, 0, decoded, 0, count);
    for (int i = 0; i < count; i++) {
      int at = i;
      assertThat(Float.floatToIntBits(decoded[i]))
          .as(() -> format + ", number " + at)
          .isEqualTo(Float.floatToIntBits(expected[i]));
    }
  }
}
