package dev.lungo.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Native memory by its address, for loops whose bounds are checked once, before them.
///
/// A segment checks each access, and to keep these checks out of a loop the compiler builds others
/// around it, which cost short rows more than their arithmetic. Here the segment is all of memory
/// and an address is at most [#LARGEST], so that the compiler sees that every access is within
/// bounds and leaves the checks out. [MemoryInUse#address(MemorySegment, long, long)] makes the one
/// check that counts.
final class NativeMemory {
  /// Every address, in a scope that never ends: who uses it sees to it that what is read exists.
  static final MemorySegment ALL = all();

  private static final long LARGEST = (1L << 56) - 1;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private NativeMemory() {}

  @SuppressWarnings("restricted")
  private static MemorySegment all() {
    return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  }

  /// Returns the same address in a form that needs no checks.
  static long within(long address) {
    return address & LARGEST;
  }

  static int getInt(long address) {
    return ALL.get(INT, address);
  }

  /// Returns a half-precision number.
  static float half(long address) {
    return Halves.FLOATS[ALL.get(SHORT, address) & 0xffff];
  }

  /// Returns a number of which only the upper half of the float is stored.
  static float brainFloat(long address) {
    return Float.intBitsToFloat(ALL.get(SHORT, address) << 16);
  }

  static float getFloat(long address) {
    return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
  }

  /// Every half-precision number: a scale is then one load from the cache. In a class of its own,
  /// because it takes milliseconds and most starts do without.
  private static final class Halves {
    static final float[] FLOATS = new float[1 << 16];

    static {
      for (int bits = 0; bits < FLOATS.length; bits++) {
        FLOATS[bits] = Float.float16ToFloat((short) bits);
      }
    }
  }
}
