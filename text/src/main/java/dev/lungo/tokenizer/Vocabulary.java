package dev.lungo.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/// The tokens of a byte-pair vocabulary: the bytes of each id, and the id of each byte sequence.
///
/// Ids may have gaps (added tokens fill them): a gap has no bytes.
public final class Vocabulary {
  private static final int EMPTY = -1;

  private final byte[] pool;
  private final int[] starts;
  private final int[] slots;

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
    slots = new int[Integer.highestOneBit(Math.max(tokens.size(), 8)) << 2];
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
          "tokens " + slots[slot] + " and " + id + " have the same bytes: " + ByteAlphabet.write(token));
    }
    slots[slot] = id;
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
    return id == EMPTY ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /// As [#idOf], with -1 for none: this one runs for every new piece.
  int find(byte[] text, int from, int to) {
    return slots[slotOf(text, from, to)];
  }

  private int slotOf(byte[] text, int from, int to) {
    int mask = slots.length - 1;
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = hash * 31 + text[i];
    }
    int slot = (hash * 0x9e3779b9 >>> 7) & mask;
    while (slots[slot] != EMPTY) {
      int id = slots[slot];
      if (Arrays.equals(pool, starts[id], starts[id + 1], text, from, to)) {
        return slot;
      }
      slot = slot + 1 & mask;
    }
    return slot;
  }
}
