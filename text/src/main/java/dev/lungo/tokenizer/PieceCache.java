package dev.lungo.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Remembers the ids of recent pieces: one slot per hash value, the newer piece wins. Not
/// thread-safe.
///
/// Pieces up to 15 bytes, nearly all of them, are 32 bytes each: the piece itself with its length
/// in the last byte, and up to four ids. That keeps the slots in use within a core's own cache.
final class PieceCache {
  /// The longest piece that is remembered, in bytes.
  static final int LONGEST = 31;

  private static final int LONGEST_SHORT = 15;
  private static final int SHORT_BITS = 15;
  private static final int LONG_BITS = 12;

  /// A short slot: two words of key, two of ids. A long one: four and four.
  private static final int SHORT_WORDS = 4;

  private static final int LONG_WORDS = 8;

  private static final int NO_ID = -1;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long[] FIRST_MASKS = new long[LONGEST_SHORT + 1];
  private static final long[] SECOND_MASKS = new long[LONGEST_SHORT + 1];

  static {
    for (int length = 0; length <= LONGEST_SHORT; length++) {
      FIRST_MASKS[length] = length >= 8 ? -1 : (1L << 8 * length) - 1;
      SECOND_MASKS[length] = length <= 8 ? 0 : (1L << 8 * (length - 8)) - 1;
    }
  }

  private final long[] shortSlots = new long[SHORT_WORDS << SHORT_BITS];
  private final long[] longSlots = new long[LONG_WORDS << LONG_BITS];
  private final long[] longKey = new long[4];

  /// The key and the slot of the piece that was looked for last.
  private long key0;

  private long key1;
  private int slot;

  /// Appends the ids of the piece of `length` bytes at `at`, and says whether they are known.
  boolean find(byte[] text, int at, int length, TokenBuffer out) {
    return length <= LONGEST_SHORT
        ? findShort(text, at, length, out)
        : findLong(text, at, length, out);
  }

  private boolean findShort(byte[] text, int at, int length, TokenBuffer out) {
    long first;
    long second;
    if (at + 16 <= text.length) {
      first = (long) LONGS.get(text, at) & FIRST_MASKS[length];
      second = (long) LONGS.get(text, at + 8) & SECOND_MASKS[length];
    } else {
      first = word(text, at, length);
      second = word(text, at + 8, length - 8);
    }
    second |= (long) length << 56;
    long hash = (first * 0x9e3779b97f4a7c15L ^ second) * 0xd6e8feb86659fd93L;
    hash = (hash ^ hash >>> 32) * 0x9e3779b97f4a7c15L;
    int found = (int) (hash >>> 64 - SHORT_BITS) * SHORT_WORDS;
    long[] slots = shortSlots;
    if (slots[found] == first && slots[found + 1] == second) {
      long ids = slots[found + 2];
      out.add((int) ids);
      if (ids >= 0) {
        out.add((int) (ids >>> 32));
        append(slots, found + 3, found + 4, out);
      }
      return true;
    }
    key0 = first;
    key1 = second;
    slot = found;
    return false;
  }

  private boolean findLong(byte[] text, int at, int length, TokenBuffer out) {
    long hash = length;
    for (int i = 0; i < 4; i++) {
      longKey[i] = word(text, at + 8 * i, length - 8 * i);
      hash = (hash ^ longKey[i]) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 32;
    }
    longKey[3] |= (long) length << 56;
    slot = (int) (hash * 0xd6e8feb86659fd93L >>> 64 - LONG_BITS) * LONG_WORDS;
    if (!Arrays.equals(longSlots, slot, slot + 4, longKey, 0, 4)) {
      return false;
    }
    append(longSlots, slot + 4, slot + 8, out);
    return true;
  }

  /// Appends two ids of each word, up to the first that is none.
  private static void append(long[] slots, int from, int to, TokenBuffer out) {
    for (int i = from; i < to; i++) {
      int low = (int) slots[i];
      int high = (int) (slots[i] >>> 32);
      if (low == NO_ID) {
        return;
      }
      out.add(low);
      if (high == NO_ID) {
        return;
      }
      out.add(high);
    }
  }

  /// Remembers, for the piece of `length` bytes that was just looked for in vain, the ids from
  /// number `from` of `ids`.
  void put(int length, TokenBuffer ids, int from) {
    int count = ids.size() - from;
    boolean isShort = length <= LONGEST_SHORT;
    int words = isShort ? 2 : 4;
    if (count > 2 * words) {
      return;
    }
    long[] slots = isShort ? shortSlots : longSlots;
    if (isShort) {
      slots[slot] = key0;
      slots[slot + 1] = key1;
    } else {
      System.arraycopy(longKey, 0, slots, slot, 4);
    }
    for (int i = 0; i < words; i++) {
      long low = 2 * i < count ? ids.get(from + 2 * i) : NO_ID;
      long high = 2 * i + 1 < count ? ids.get(from + 2 * i + 1) : NO_ID;
      slots[slot + words + i] = high << 32 | low & 0xffffffffL;
    }
  }

  /// Returns up to eight bytes from `at` as a number, zero beyond `length`.
  private static long word(byte[] text, int at, int length) {
    if (length <= 0) {
      return 0;
    }
    if (at + 8 <= text.length) {
      long all = (long) LONGS.get(text, at);
      return length >= 8 ? all : all & (1L << 8 * length) - 1;
    }
    long word = 0;
    for (int i = Math.min(length, 8) - 1; i >= 0; i--) {
      word = word << 8 | text[at + i] & 0xff;
    }
    return word;
  }
}
