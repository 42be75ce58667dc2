package dev.lungo.tokenizer;

/// Joins the bytes of a piece to tokens. Holds the scratch memory and a cache of recent pieces, so
/// it belongs to one thread at a time; creates no garbage.
final class PieceEncoder {
  /// Longer pieces go to [LongPieceMerger], whose cost does not grow with the square of the length.
  private static final int LONGEST_BY_SCAN = 64;

  private final MergeTable merges;
  private final Vocabulary vocabulary;
  private final boolean wholePiecesFirst;
  private final PieceCache cache = new PieceCache();
  private final int[] ids = new int[LONGEST_BY_SCAN];
  private final long[] entries = new long[LONGEST_BY_SCAN];
  private final LongPieceMerger longPieces;
  private final int[] ends = new int[1024];

  /// @param wholePiecesFirst whether a piece that is a token becomes that token without looking at
  ///   its pairs
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
    } else if (length > PieceCache.LONGEST) {
      encodeNew(text, from, length, out);
    } else if (!cache.find(text, from, length, out)) {
      int before = out.size();
      encodeNew(text, from, length, out);
      cache.put(length, out, before);
    }
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

  /// Joins the best pair, the leftmost of equals, until none is left; `entries[i]` is the pair of
  /// tokens i and i + 1.
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
