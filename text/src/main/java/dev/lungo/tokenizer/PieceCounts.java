package dev.lungo.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Counts pieces: a hash table of byte sequences that remembers the order in which they were first
/// seen.
final class PieceCounts {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int LARGEST_POOL = 1 << 30;

  private byte[] pool;
  private int[] starts;
  private int[] hashes;
  private long[] counts;
  private int[] slots;
  private int size;

  PieceCounts(int expected) {
    pool = new byte[expected * 8];
    starts = new int[expected + 1];
    hashes = new int[expected];
    counts = new long[expected];
    slots = new int[Integer.highestOneBit(expected) << 2];
  }

  /// Returns the number of different pieces.
  int size() {
    return size;
  }

  /// Says whether the pieces together are as long as this table may hold, or nearly.
  boolean isFull() {
    return starts[size] > LARGEST_POOL / 2;
  }

  long count(int piece) {
    return counts[piece];
  }

  int length(int piece) {
    return starts[piece + 1] - starts[piece];
  }

  byte at(int piece, int index) {
    return pool[starts[piece] + index];
  }

  /// Counts the bytes `from` to `to` of `text` `times` times more.
  void add(byte[] text, int from, int to, long times) {
    int hash = hash(text, from, to);
    addHashed(text, from, to, hash, times);
  }

  /// Counts everything that `other` counted, in its order.
  void addAll(PieceCounts other) {
    for (int piece = 0; piece < other.size; piece++) {
      addHashed(
          other.pool,
          other.starts[piece],
          other.starts[piece + 1],
          other.hashes[piece],
          other.counts[piece]);
    }
  }

  private void addHashed(byte[] text, int from, int to, int hash, long times) {
    int mask = slots.length - 1;
    int slot = hash & mask;
    // Slots hold 1 + the number of the piece, 0 where they are free.
    for (int entry = slots[slot]; entry != 0; entry = slots[slot]) {
      int piece = entry - 1;
      if (hashes[piece] == hash && equal(piece, text, from, to)) {
        counts[piece] += times;
        return;
      }
      slot = slot + 1 & mask;
    }
    append(text, from, to, hash, times);
    slots[slot] = size;
    if (size * 2 > slots.length) {
      rehash(slots.length * 2);
    }
  }

  private boolean equal(int piece, byte[] text, int from, int to) {
    int start = starts[piece];
    int length = to - from;
    if (starts[piece + 1] - start != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (pool[start + i] != text[from + i]) {
        return false;
      }
    }
    return true;
  }

  private void append(byte[] text, int from, int to, int hash, long times) {
    int start = starts[size];
    int end = start + (to - from);
    if (end > pool.length) {
      pool = Arrays.copyOf(pool, (int) Math.max(end, Math.min(pool.length * 2L, LARGEST_POOL)));
    }
    if (size == counts.length) {
      int larger = size + (size >> 1) + 16;
      starts = Arrays.copyOf(starts, larger + 1);
      hashes = Arrays.copyOf(hashes, larger);
      counts = Arrays.copyOf(counts, larger);
    }
    System.arraycopy(text, from, pool, start, to - from);
    hashes[size] = hash;
    counts[size] = times;
    size++;
    starts[size] = end;
  }

  private void rehash(int slotCount) {
    slots = new int[slotCount];
    int mask = slotCount - 1;
    for (int piece = 0; piece < size; piece++) {
      int slot = hashes[piece] & mask;
      while (slots[slot] != 0) {
        slot = slot + 1 & mask;
      }
      slots[slot] = piece + 1;
    }
  }

  /// Forgets pieces that were counted `most` times or fewer; the rest keep their order.
  void dropRarest(long most) {
    int kept = 0;
    int end = 0;
    int start = 0;
    for (int piece = 0; piece < size; piece++) {
      int next = starts[piece + 1];
      if (counts[piece] > most) {
        System.arraycopy(pool, start, pool, end, next - start);
        end += next - start;
        counts[kept] = counts[piece];
        hashes[kept] = hashes[piece];
        starts[++kept] = end;
      }
      start = next;
    }
    size = kept;
    rehash(slots.length);
  }

  private static int hash(byte[] text, int from, int to) {
    long hash = to - from;
    int at = from;
    for (; at + 8 <= to; at += 8) {
      hash = (hash ^ (long) LONGS.get(text, at)) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 29;
    }
    long tail = 0;
    if (at < to && at + 8 <= text.length) {
      tail = (long) LONGS.get(text, at) & (1L << (to - at << 3)) - 1;
    } else {
      for (int i = to - 1; i >= at; i--) {
        tail = tail << 8 | text[i] & 0xff;
      }
    }
    hash = (hash ^ tail) * 0xd6e8feb86659fd93L;
    return (int) (hash >>> 32);
  }
}
