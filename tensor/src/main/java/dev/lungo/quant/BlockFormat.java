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

  /// Encodes one block of finite numbers.
  ///
  /// @param at where the first of its numbers is
  /// @param offset byte of `target` at which the block starts
  void encode(float[] source, int at, MemorySegment target, long offset);

  /// Encodes whole blocks that follow each other, [#blockElements] · n numbers.
  ///
  /// @throws IllegalArgumentException if a number is NaN, infinite, or too large for the format
  default void encode(float[] source, int at, MemorySegment target, long offset, int count) {
    for (int i = 0; i < count; i++) {
      if (!(Math.abs(source[at + i]) <= Float.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "number " + i + " is " + source[at + i] + ", which no format of weights can hold");
      }
    }
    for (int i = 0; i < count; i += blockElements(), offset += blockBytes()) {
      encode(source, at + i, target, offset);
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

  /// Writes the nearest half-precision number.
  ///
  /// @throws IllegalArgumentException if that is infinity
  static void putHalf(MemorySegment target, long offset, float value) {
    short half = Float.floatToFloat16(value);
    if ((half & 0x7fff) == 0x7c00) {
      throw new IllegalArgumentException(
          value + " is beyond half precision, whose largest number is 65504; use bf16 or f32");
    }
    target.set(Layouts.SHORT, offset, half);
  }

  /// Writes the lower eight bits.
  static void putByte(MemorySegment target, long offset, int value) {
    target.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
  }

  /// Returns 1 / `scale`; 0 where there is no such number.
  static float inverse(float scale) {
    float inverse = 1 / scale;
    return Math.abs(inverse) <= Float.MAX_VALUE ? inverse : 0;
  }

  /// Returns the number of the largest size in `count` numbers, with its sign; the first of equals.
  static float largest(float[] source, int at, int count) {
    float largest = 0;
    for (int i = at; i < at + count; i++) {
      if (Math.abs(source[i]) > Math.abs(largest)) {
        largest = source[i];
      }
    }
    return largest;
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
