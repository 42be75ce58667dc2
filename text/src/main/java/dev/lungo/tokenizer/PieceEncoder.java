package dev.lungo.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Joins the bytes of a piece to tokens. Holds the scratch memory and a cache of recent pieces, so it belongs to one
/// thread at a time; creates no garbage.
final class PieceEncoder {
  /// Longer pieces go to [LongPieceMerger], whose cost does not grow with the square of the length.
  private static final int LONGEST_BY_SCAN = 64;

  private static final int LONGEST_CACHED = 24;
  private static final int MOST_CACHED_IDS = 8;

  /// A slot: three words of key, one of lengths, four of ids.
  private static final int SLOT_WORDS = 8;

  private static final int SLOT_BITS = 15;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final MergeTable merges;
  private final Vocabulary vocabulary;
  private final boolean wholePiecesFirst;
  private final long[] cache = new long[SLOT_WORDS << SLOT_BITS];
  private final int[] ids = new int[LONGEST_BY_SCAN];
  private final long[] entries = new long[LONGEST_BY_SCAN];
  private final LongPieceMerger longPieces;
  private final int[] ends = new int[1024];

  /// @param wholePiecesFirst whether a piece that is a token becomes that token without looking at its pairs
  PieceEncoder(Vocabulary vocabulary, MergeTable merges, boolean wholePiecesFirst) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.wholePiecesFirst = wholePiecesFirst;
    this.longPieces = new LongPieceMerger(merges);
  }

  /// Appends the ids of the bytes `from` to `to`, cut by `splitter`.
  void encode(Splitter splitter, byte[] text, int from, int to, TokenBuffer out) {
    Splitter.Pieces pieces = splitter.pieces(text, from, to);
    int start = from;
    for (int count = pieces.next(ends); count > 0; count = pieces.next(ends)) {
      for (int i = 0; i < count; i++) {
        int end = ends[i];
        encodePiece(text, start, end, out);
        start = end;
      }
    }
  }

  /// Appends the ids of one piece.
  void encodePiece(byte[] text, int from, int to, TokenBuffer out) {
    int length = to - from;
    if (length == 1) {
      out.add(merges.byteId(text[from]));
    } else if (length <= LONGEST_CACHED) {
      encodeCached(text, from, length, out);
    } else {
      encodeNew(text, from, length, out);
    }
  }

  private void encodeCached(byte[] text, int from, int length, TokenBuffer out) {
    long key0 = word(text, from, length);
    long key1 = length > 8 ? word(text, from + 8, length - 8) : 0;
    long key2 = length > 16 ? word(text, from + 16, length - 16) : 0;
    long hash = (key0 ^ Long.rotateLeft(key1, 21) ^ Long.rotateLeft(key2, 42) ^ length) * 0x9e3779b97f4a7c15L;
    hash = (hash ^ hash >>> 32) * 0xd6e8feb86659fd93L;
    int slot = (int) (hash >>> 64 - SLOT_BITS) * SLOT_WORDS;
    long[] table = cache;
    long lengths = table[slot + 3];
    if (table[slot] == key0
        && table[slot + 1] == key1
        && table[slot + 2] == key2
        && (int) lengths == length) {
      int count = (int) (lengths >>> 32);
      long first = table[slot + 4];
      out.add((int) first);
      if (count > 1) {
        out.add((int) (first >>> 32));
        for (int i = 2; i < count; i++) {
          out.add((int) (table[slot + 4 + (i >> 1)] >>> ((i & 1) << 5)));
        }
      }
      return;
    }
    int before = out.size();
    encodeNew(text, from, length, out);
    int count = out.size() - before;
    if (count <= MOST_CACHED_IDS) {
      table[slot] = key0;
      table[slot + 1] = key1;
      table[slot + 2] = key2;
      table[slot + 3] = (long) count << 32 | length;
      for (int i = 0; i < count; i += 2) {
        long second = i + 1 < count ? out.get(before + i + 1) : 0;
        table[slot + 4 + (i >> 1)] = second << 32 | out.get(before + i) & 0xffffffffL;
      }
    }
  }

  /// Returns up to eight bytes from `at` as a number, zero beyond `length`.
  private static long word(byte[] text, int at, int length) {
    if (at + 8 <= text.length) {
      long all = (long) LONGS.get(text, at);
      return length >= 8 ? all : all & (1L << (length << 3)) - 1;
    }
    long word = 0;
    for (int i = Math.min(length, 8) - 1; i >= 0; i--) {
      word = word << 8 | text[at + i] & 0xff;
    }
    return word;
  }

  private void encodeNew(byte[] text, int from, int length, TokenBuffer out) {
    if (wholePiecesFirst) {
      int id = vocabulary.find(text, from, from + length);
      if (id >= 0) {
        out.add(id);
        return;
      }
    }
    if (length <= LONGEST_BY_SCAN) {
      mergeByScan(text, from, length, out);
    } else {
      longPieces.merge(text, from, length, out);
    }
  }

  /// Joins the best pair, the leftmost of equals, until none is left; `entries[i]` is the pair of tokens i and i + 1.
  private void mergeByScan(byte[] text, int from, int length, TokenBuffer out) {
    int[] ids = this.ids;
    long[] entries = this.entries;
    int size = length;
    for (int i = 0; i < size - 1; i++) {
      ids[i] = merges.byteId(text[from + i]);
      entries[i] = merges.bytesEntry(text[from + i], text[from + i + 1]);
    }
    ids[size - 1] = merges.byteId(text[from + size - 1]);
    while (size > 1) {
      long best = MergeTable.NONE;
      int at = 0;
      for (int i = 0; i < size - 1; i++) {
        if (entries[i] < best) {
          best = entries[i];
          at = i;
        }
      }
      if (best == MergeTable.NONE) {
        break;
      }
      ids[at] = MergeTable.result(best);
      size--;
      for (int i = at + 1; i < size; i++) {
        ids[i] = ids[i + 1];
        entries[i - 1] = entries[i];
      }
      if (at > 0) {
        entries[at - 1] = merges.entry(ids[at - 1], ids[at]);
      }
      if (at < size - 1) {
        entries[at] = merges.entry(ids[at], ids[at + 1]);
      }
    }
    out.addAll(ids, 0, size);
  }
}
