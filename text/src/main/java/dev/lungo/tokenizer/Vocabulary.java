package dev.lungo.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/// The tokens of a byte-pair vocabulary: the bytes of each id, and the id of each byte sequence.
///
/// Ids may have gaps (added tokens fill them): a gap has no bytes.
public final class Vocabulary {
  private static final long EMPTY = -1;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] pool;
  private final int[] starts;
  private final long[] slots;

  /// @param tokens the bytes of each id, an empty array for an id that has none
  /// @throws IllegalArgumentException if two ids have the same bytes
  public Vocabulary(List<byte[]> tokens) {
    int total = 0;
    starts = new int[tokens.size() + 1];
    for (int id = 0; id < tokens.size(); id++) {
      starts[id] = total;
      total = Math.addExact(total, tokens.get(id).length);
    }
    starts[tokens.size()] = total;
    pool = new byte[total];
    slots = new long[Integer.highestOneBit(Math.max(tokens.size(), 8)) << 2];
    Arrays.fill(slots, EMPTY);
    for (int id = 0; id < tokens.size(); id++) {
      byte[] token = tokens.get(id);
      System.arraycopy(token, 0, pool, starts[id], token.length);
      if (token.length > 0) {
        insert(id, token);
      }
    }
  }

  private void insert(int id, byte[] token) {
    int slot = slotOf(token, 0, token.length);
    if (slots[slot] != EMPTY) {
      throw new IllegalArgumentException(
          "tokens "
              + (int) slots[slot]
              + " and "
              + id
              + " have the same bytes: "
              + ByteAlphabet.write(token));
    }
    slots[slot] = (long) hash(token, 0, token.length) << 32 | id;
  }

  /// Returns one more than the largest id.
  public int size() {
    return starts.length - 1;
  }

  /// Returns a copy of the bytes of `id`.
  public byte[] bytesOf(int id) {
    return Arrays.copyOfRange(pool, starts[id], starts[id + 1]);
  }

  public int lengthOf(int id) {
    return starts[id + 1] - starts[id];
  }

  /// Finds the id whose bytes are `text[from, to)`.
  public OptionalInt idOf(byte[] text, int from, int to) {
    int id = find(text, from, to);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /// As [#idOf], with -1 for none: this one runs for every new piece.
  int find(byte[] text, int from, int to) {
    return (int) slots[slotOf(text, from, to)];
  }

  /// Slots hold part of the hash above and the id below, so that most tokens that do not match are
  /// told apart without looking at their bytes.
  private int slotOf(byte[] text, int from, int to) {
    int mask = slots.length - 1;
    int hash = hash(text, from, to);
    int slot = hash & mask;
    for (long entry = slots[slot]; entry != EMPTY; entry = slots[slot]) {
      int id = (int) entry;
      if ((int) (entry >>> 32) == hash
          && Arrays.equals(pool, starts[id], starts[id + 1], text, from, to)) {
        return slot;
      }
      slot = slot + 1 & mask;
    }
    return slot;
  }

  private static int hash(byte[] text, int from, int to) {
    long hash = to - from;
    int at = from;
    for (; at + 8 <= to; at += 8) {
      hash = (hash ^ (long) LONGS.get(text, at)) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 29;
    }
    long tail = 0;
    for (int i = to - 1; i >= at; i--) {
      tail = tail << 8 | text[i] & 0xff;
    }
    hash = (hash ^ tail) * 0xd6e8feb86659fd93L;
    // Never the highest values, so that no entry looks empty.
    return (int) (hash >>> 33);
  }
}
