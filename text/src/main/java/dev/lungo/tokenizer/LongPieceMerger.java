package dev.lungo.tokenizer;

import java.util.Arrays;

/// Joins the bytes of a long piece in time that grows almost linearly with its length.
///
/// Tokens form a doubly linked list over the positions of the piece. Each position waits in the
/// list of the rank of the pair that begins there, and the ranks are worked off best first, each
/// from left to right: the same joins in the same order as scanning for the best pair again and
/// again.
final class LongPieceMerger {
  private static final int NOWHERE = -1;

  /// Memory for longer pieces is not kept.
  private static final int KEPT_LENGTH = 1 << 18;

  private final MergeTable merges;
  private int[] heads = new int[0];
  private long[] nonEmpty = new long[0];
  private int lowestWord;

  private int[] id = new int[0];
  private int[] next = new int[0];
  private int[] previous = new int[0];
  private int[] rankAt = new int[0];
  private int[] listNext = new int[0];
  private int[] listPrevious = new int[0];
  private int[] batch = new int[16];

  LongPieceMerger(MergeTable merges) {
    this.merges = merges;
  }

  /// Appends the ids of the bytes `from` to `from + length`.
  void merge(byte[] text, int from, int length, TokenBuffer out) {
    prepare(text, from, length);
    for (int rank = lowestRank(); rank != NOWHERE; rank = lowestRank()) {
      joinAll(rank, length);
    }
    for (int at = 0; at < length; at = next[at]) {
      out.add(id[at]);
    }
    if (id.length > KEPT_LENGTH) {
      allocate(0);
      batch = new int[16];
    }
  }

  private void allocate(int length) {
    id = new int[length];
    next = new int[length];
    previous = new int[length];
    rankAt = new int[length];
    listNext = new int[length];
    listPrevious = new int[length];
  }

  private void prepare(byte[] text, int from, int length) {
    if (heads.length == 0) {
      heads = new int[merges.rankCount()];
      Arrays.fill(heads, NOWHERE);
      nonEmpty = new long[merges.rankCount() + 63 >>> 6];
    }
    if (id.length < length) {
      allocate(length);
    }
    lowestWord = nonEmpty.length;
    for (int i = 0; i < length; i++) {
      id[i] = merges.byteId(text[from + i]);
      next[i] = i + 1;
      previous[i] = i - 1;
      rankAt[i] = NOWHERE;
    }
    // From the right, so that each list begins in the order of the text.
    for (int i = length - 2; i >= 0; i--) {
      enter(i, merges.bytesEntry(text[from + i], text[from + i + 1]));
    }
  }

  private int lowestRank() {
    for (; lowestWord < nonEmpty.length; lowestWord++) {
      if (nonEmpty[lowestWord] != 0) {
        return (lowestWord << 6) + Long.numberOfTrailingZeros(nonEmpty[lowestWord]);
      }
    }
    return NOWHERE;
  }

  /// Joins every pair of `rank`, from left to right, unless that makes a pair of better rank, which
  /// goes first.
  private void joinAll(int rank, int length) {
    int count = takeList(rank);
    int result = NOWHERE;
    for (int i = 0; i < count; i++) {
      int at = batch[i];
      // An overlapping pair to the left may have taken this one's token.
      if (rankAt[at] != rank) {
        continue;
      }
      if (result == NOWHERE) {
        result = MergeTable.result(merges.entry(id[at], id[next[at]]));
      }
      if (join(at, result, rank, length)) {
        for (int j = i + 1; j < count; j++) {
          if (rankAt[batch[j]] == rank) {
            enterList(batch[j], rank);
          }
        }
        return;
      }
    }
  }

  /// Empties the list of `rank` into the batch, in the order of the text. Its positions keep their
  /// rank.
  private int takeList(int rank) {
    int count = 0;
    boolean sorted = true;
    for (int at = heads[rank]; at != NOWHERE; at = listNext[at]) {
      if (count == batch.length) {
        batch = Arrays.copyOf(batch, count * 2);
      }
      sorted &= count == 0 || batch[count - 1] < at;
      batch[count++] = at;
    }
    if (!sorted) {
      Arrays.sort(batch, 0, count);
    }
    heads[rank] = NOWHERE;
    nonEmpty[rank >>> 6] &= ~(1L << rank);
    return count;
  }

  /// Joins the token at `at` with the next to `result` and says whether a pair of the same or
  /// better rank arose.
  private boolean join(int at, int result, int rank, int length) {
    int right = next[at];
    leave(right, rank);
    rankAt[at] = NOWHERE;
    id[at] = result;
    int after = next[right];
    next[at] = after;
    boolean better = false;
    if (after < length) {
      previous[after] = at;
      better = enter(at, merges.entry(result, id[after])) <= rank;
    }
    int before = previous[at];
    if (before != NOWHERE) {
      leave(before, rank);
      better |= enter(before, merges.entry(id[before], result)) <= rank;
    }
    return better;
  }

  /// Lets `at` wait for the rank of `entry`, which is returned; a rank larger than any for no
  /// entry.
  private int enter(int at, long entry) {
    if (entry == MergeTable.NONE) {
      return Integer.MAX_VALUE;
    }
    int rank = MergeTable.rank(entry);
    rankAt[at] = rank;
    enterList(at, rank);
    return rank;
  }

  private void enterList(int at, int rank) {
    int head = heads[rank];
    listNext[at] = head;
    listPrevious[at] = NOWHERE;
    if (head != NOWHERE) {
      listPrevious[head] = at;
    }
    heads[rank] = at;
    nonEmpty[rank >>> 6] |= 1L << rank;
    lowestWord = Math.min(lowestWord, rank >>> 6);
  }

  /// Takes `at` out of its list; the list of `working` has been taken already.
  private void leave(int at, int working) {
    int rank = rankAt[at];
    rankAt[at] = NOWHERE;
    if (rank == NOWHERE || rank == working) {
      return;
    }
    int before = listPrevious[at];
    int after = listNext[at];
    if (after != NOWHERE) {
      listPrevious[after] = before;
    }
    if (before != NOWHERE) {
      listNext[before] = after;
    } else {
      heads[rank] = after;
      if (after == NOWHERE) {
        nonEmpty[rank >>> 6] &= ~(1L << rank);
      }
    }
  }
}
