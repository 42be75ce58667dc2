package dev.lungo.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Finds the ends of runs of ASCII characters by looking at eight bytes at once: in most texts that
/// is a whole word without a branch to mispredict.
final class AsciiRuns {
  private static final long HIGH_BITS = 0x8080808080808080L;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private AsciiRuns() {}

  /// Returns where the letters at `at` end, or a place among them with fewer than eight bytes to
  /// the end.
  static int lettersEnd(byte[] text, int at, int end) {
    int position = at;
    while (position + 8 <= end) {
      long others = othersThanLetters((long) LONGS.get(text, position));
      if (others != 0) {
        return position + (Long.numberOfTrailingZeros(others) >>> 3);
      }
      position += 8;
    }
    return position;
  }

  /// Returns where the spaces at `at` end, or a place among them with fewer than eight bytes to the
  /// end.
  static int spacesEnd(byte[] text, int at, int end) {
    int position = at;
    while (position + 8 <= end) {
      long others = (long) LONGS.get(text, position) ^ 0x2020202020202020L;
      if (others != 0) {
        return position + (Long.numberOfTrailingZeros(others) >>> 3);
      }
      position += 8;
    }
    return position;
  }

  /// Returns how many of the seven bytes after `at` (at least eight must be there) begin as
  /// letters: 0 to 7.
  static int lettersAfter(byte[] text, int at) {
    long others = othersThanLetters((long) LONGS.get(text, at)) & ~0xffL;
    return others == 0 ? 7 : (Long.numberOfTrailingZeros(others) >>> 3) - 1;
  }

  /// Sets the high bit of each byte that is no ASCII letter.
  private static long othersThanLetters(long bytes) {
    // Case folded; then the high bit says "at least 'a'" and "beyond 'z'".
    long folded = (bytes | 0x2020202020202020L) & ~HIGH_BITS;
    long fromA = folded + 0x1f1f1f1f1f1f1f1fL;
    long beyondZ = folded + 0x0505050505050505L;
    return ~(fromA & ~beyondZ & ~bytes) & HIGH_BITS;
  }
}
