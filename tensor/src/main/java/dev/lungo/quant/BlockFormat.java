package dev.lungo.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// A number format in which a block of bytes holds several numbers.
public sealed interface BlockFormat
    permits Float16, BrainFloat16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K {
  /// Returns how many numbers a block holds.
  int blockElements();

  /// Returns the bytes of a block.
  int blockBytes();

  /// Decodes one block.
  ///
  /// @param offset byte of `source` at which the block starts
  /// @param at where the first of its numbers goes
  void decode(MemorySegment source, long offset, float[] target, int at);

  /// Decodes whole blocks that follow each other, [#blockElements] · n numbers.
  default void decode(MemorySegment source, long offset, float[] target, int at, int count) {
    for (int i = 0; i < count; i += blockElements(), offset += blockBytes()) {
      decode(source, offset, target, at + i);
    }
  }

  /// Returns the bytes of `elements` numbers.
  ///
  /// @throws IllegalArgumentException if they fill no whole number of blocks
  default long bytes(long elements) {
    if (elements % blockElements() != 0) {
      throw new IllegalArgumentException(
          elements + " numbers fill no whole blocks of " + blockElements());
    }
    return elements / blockElements() * blockBytes();
  }

  /// Reads a half-precision number.
  static float half(MemorySegment source, long offset) {
    return Float.float16ToFloat(source.get(Layouts.SHORT, offset));
  }

  /// Reads an unsigned byte.
  static int unsigned(MemorySegment source, long offset) {
    return source.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
  }

  /// How numbers lie in a file.
  final class Layouts {
    static final ValueLayout.OfShort SHORT =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Layouts() {}
  }
}
