package dev.lungo.tokenizer;

import java.util.Arrays;

/// Joins the characters of a text by scores: a heap holds the pairs that could be joined, best
/// score first.
final class ScoreMerger {
  private final Vocabulary vocabulary;
  private final float[] scores;
  private final byte[] text;

  /// For the first byte of a symbol: where it ends, and where the one before begins.
  private final int[] ends;

  private final int[] previous;

  /// A heap of pairs: the order (score, then position) and where the joined symbol would end.
  private long[] order = new long[16];

  private int[] joinedEnd = new int[16];
  private int size;

  ScoreMerger(Vocabulary vocabulary, float[] scores, byte[] text) {
    this.vocabulary = vocabulary;
    this.scores = scores;
    this.text = text;
    this.ends = new int[text.length];
    this.previous = new int[text.length];
    int before = -1;
    for (int at = 0; at < text.length; ) {
      int end = at + (CharacterClasses.classAndLength(text, at, text.length) >> 3);
      ends[at] = end;
      previous[at] = before;
      before = at;
      at = end;
    }
  }

  /// Returns where the symbol that begins at `start` ends.
  int endOf(int start) {
    return ends[start];
  }

  void mergeAll() {
    for (int at = 0; at < text.length; at = ends[at]) {
      offer(at);
    }
    while (size > 0) {
      int at = (int) order[0];
      int end = joinedEnd[0];
      removeFirst();
      // Stale, if either symbol has been joined otherwise since the pair was offered.
      int middle = ends[at];
      if (middle == 0 || middle >= text.length || ends[middle] != end) {
        continue;
      }
      ends[at] = end;
      ends[middle] = 0;
      if (end < text.length) {
        previous[end] = at;
      }
      offer(at);
      if (previous[at] >= 0) {
        offer(previous[at]);
      }
    }
  }

  /// Puts the pair that begins at `at` into the heap, if its joined text is a token.
  private void offer(int at) {
    int middle = ends[at];
    if (middle >= text.length) {
      return;
    }
    int end = ends[middle];
    int id = vocabulary.find(text, at, end);
    if (id < 0) {
      return;
    }
    if (size == order.length) {
      order = Arrays.copyOf(order, size * 2);
      joinedEnd = Arrays.copyOf(joinedEnd, size * 2);
    }
    int bits = Float.floatToIntBits(scores[id]);
    int ascending = bits < 0 ? ~bits : bits ^ 0x80000000;
    long key = (long) ~ascending << 32 ^ Long.MIN_VALUE | at;
    siftUp(key, end);
  }

  private void siftUp(long key, int end) {
    int hole = size++;
    while (hole > 0) {
      int parent = hole - 1 >>> 1;
      if (order[parent] <= key) {
        break;
      }
      order[hole] = order[parent];
      joinedEnd[hole] = joinedEnd[parent];
      hole = parent;
    }
    order[hole] = key;
    joinedEnd[hole] = end;
  }

  private void removeFirst() {
    long key = order[--size];
    int end = joinedEnd[size];
    int hole = 0;
    for (int child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && order[child + 1] < order[child]) {
        child++;
      }
      if (key <= order[child]) {
        break;
      }
      order[hole] = order[child];
      joinedEnd[hole] = joinedEnd[child];
      hole = child;
    }
    order[hole] = key;
    joinedEnd[hole] = end;
  }
}
