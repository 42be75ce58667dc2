package dev.lungo.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/// One tensor of a weight file: a description, and a view of its bytes.
///
/// @param shape the sizes of its dimensions; empty for a single number
/// @param data its bytes, little-endian, mapped from the file: **not** aligned to the size of a
///   number, so read them with the unaligned layouts or with [#readFloats]
/// @param file the file that holds it
/// @param offset the byte of `file` at which it starts
public record StoredTensor(
    String name, StoredType type, long[] shape, MemorySegment data, Path file, long offset) {

  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Returns how many numbers it holds.
  public long elements() {
    return data.byteSize() / type.bytes();
  }

  /// Converts all numbers to float32.
  ///
  /// @param target exactly 4 × [#elements] bytes, native order
  /// @throws IllegalArgumentException when `target` has another size, or no conversion from this
  ///   type exists
  public void readFloats(MemorySegment target) {
    long count = elements();
    if (target.byteSize() != 4 * count) {
      throw new IllegalArgumentException(
          "readFloats: "
              + name
              + " holds "
              + count
              + " numbers, which need "
              + 4 * count
              + " bytes, but the target has "
              + target.byteSize());
    }
    switch (type) {
      case F32 ->
          MemorySegment.copy(data, FLOAT, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, count);
      case F16 -> readHalves(target, count);
      case BF16 -> readBrainFloats(target, count);
      case BOOL, U8, I8, U16, I16, U32, I32, U64, I64, F64 -> readOthers(target, count);
      case F8_E4M3, F8_E5M2 ->
          throw new IllegalArgumentException(
              "readFloats: "
                  + name
                  + " is "
                  + type
                  + ", which Lungo does not convert; export it as BF16");
    }
  }

  private void readHalves(MemorySegment target, long count) {
    for (long i = 0; i < count; i++) {
      float value = Float.float16ToFloat(data.get(SHORT, 2 * i));
      target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, value);
    }
  }

  /// A bfloat16 is the upper half of a float32.
  private void readBrainFloats(MemorySegment target, long count) {
    for (long i = 0; i < count; i++) {
      target.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * i, data.get(SHORT, 2 * i) << 16);
    }
  }

  private void readOthers(MemorySegment target, long count) {
    for (long i = 0; i < count; i++) {
      target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, other(i));
    }
  }

  private float other(long i) {
    return switch (type) {
      case BOOL -> data.get(ValueLayout.JAVA_BYTE, i) == 0 ? 0 : 1;
      case U8 -> data.get(ValueLayout.JAVA_BYTE, i) & 0xff;
      case I8 -> data.get(ValueLayout.JAVA_BYTE, i);
      case U16 -> data.get(SHORT, 2 * i) & 0xffff;
      case I16 -> data.get(SHORT, 2 * i);
      case U32 -> data.get(INT, 4 * i) & 0xffff_ffffL;
      case I32 -> data.get(INT, 4 * i);
      case U64 -> unsigned(data.get(LONG, 8 * i));
      case I64 -> data.get(LONG, 8 * i);
      case F64 -> (float) data.get(DOUBLE, 8 * i);
      case F32, F16, BF16, F8_E4M3, F8_E5M2 ->
          throw new IllegalStateException(type + " is read elsewhere");
    };
  }

  private static float unsigned(long bits) {
    // Halving keeps the lowest bit, so that rounding stays right.
    return bits >= 0 ? bits : 2f * ((bits >>> 1) | (bits & 1));
  }

  @Override
  public String toString() {
    return name + ": " + type + " " + Arrays.toString(shape);
  }
}
