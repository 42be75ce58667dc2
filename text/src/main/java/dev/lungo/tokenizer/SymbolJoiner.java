package dev.lungo.tokenizer;

import java.util.Arrays;

/// Joins neighbouring symbols by the ranks of their pairs: a heap holds the pairs that could be
/// joined, best rank first, the leftmost of equals.
final class SymbolJoiner {
  private final MergeTable merges;
  private final int[] ids;
  private final int size;

  /// For each symbol that is left: the next one's place, and the previous one's.
  private final int[] next;

  private final int[] previous;

  /// A heap of pairs: rank above, place below; and what each would become.
  private long[] heap = new long[16];

  private int[] results = new int[16];
  private int heapSize;

  /// @param ids the symbols, of which the first `size` count; they are overwritten
  SymbolJoiner(MergeTable merges, int[] ids, int size) {
    this.merges = merges;
    this.ids = ids;
    this.size = size;
    this.next = new int[size];
    this.previous = new int[size];
    for (int i = 0; i < size; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
  }

  /// Joins whatever can be joined and appends the rest.
  void join(TokenBuffer out) {
    for (int i = 0; i + 1 < size; i++) {
      offer(i);
    }
    while (heapSize > 0) {
      int at = (int) heap[0];
      int result = results[0];
      int rank = (int) (heap[0] >>> 32);
      removeFirst();
      int right = next[at];
      // Stale, if either symbol has been joined otherwise since the pair was offered.
      if (right <= 0 || right >= size) {
        continue;
      }
      long entry = merges.entry(ids[at], ids[right]);
      if (entry == MergeTable.NONE || MergeTable.rank(entry) != rank) {
        continue;
      }
      ids[at] = result;
      next[at] = next[right];
      next[right] = 0;
      if (next[at] < size) {
        previous[next[at]] = at;
        offer(at);
      }
      if (previous[at] >= 0) {
        offer(previous[at]);
      }
    }
    for (int at = 0; at < size; at = next[at]) {
      out.add(ids[at]);
    }
  }

  private void offer(int at) {
    long entry = merges.entry(ids[at], ids[next[at]]);
    if (entry == MergeTable.NONE) {
      return;
    }
    if (heapSize == heap.length) {
      heap = Arrays.copyOf(heap, heapSize * 2);
      results = Arrays.copyOf(results, heapSize * 2);
    }
    long key = (long) MergeTable.rank(entry) << 32 | at;
    int hole = heapSize++;
    while (hole > 0) {
      int parent = hole - 1 >>> 1;
      if (heap[parent] <= key) {
        break;
      }
      heap[hole] = heap[parent];
      results[hole] = results[parent];
      hole = parent;
    }
    heap[hole] = key;
    results[hole] = MergeTable.result(entry);
  }

  private void removeFirst() {
    long key = heap[--heapSize];
    int result = results[heapSize];
    int hole = 0;
    for (int child = 1; child < heapSize; child = 2 * hole + 1) {
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
        child++;
      }
      if (key <= heap[child]) {
        break;
      }
      heap[hole] = heap[child];
      results[hole] = results[child];
      hole = child;
    }
    heap[hole] = key;
    results[hole] = result;
  }
}
