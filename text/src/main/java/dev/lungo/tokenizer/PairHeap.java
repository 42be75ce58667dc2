package dev.lungo.tokenizer;

import java.util.Arrays;

/// A heap of pairs by their keys: more frequent first, then shorter, then seen earlier (word, then
/// place in it).
final class PairHeap {
  private int[] heap = new int[1024];
  private int size;
  private long[] keyCounts;
  private int[] keyLengths;
  private int[] keyWords;
  private int[] keyOffsets;

  PairHeap(PairTable pairs) {
    int capacity = Math.max(16, pairs.size());
    keyCounts = new long[capacity];
    keyLengths = new int[capacity];
    keyWords = new int[capacity];
    keyOffsets = new int[capacity];
  }

  boolean isEmpty() {
    return size == 0;
  }

  /// Returns the best pair.
  int first() {
    return heap[0];
  }

  /// Sets the key of a pair and says whether it differs from the one before. A pair in the heap
  /// must be the first.
  boolean setKey(int pair, long count, int length, int word, int offset) {
    if (pair >= keyCounts.length) {
      int larger = Math.max(pair + 1, keyCounts.length * 2);
      keyCounts = Arrays.copyOf(keyCounts, larger);
      keyLengths = Arrays.copyOf(keyLengths, larger);
      keyWords = Arrays.copyOf(keyWords, larger);
      keyOffsets = Arrays.copyOf(keyOffsets, larger);
    }
    boolean changed =
        keyCounts[pair] != count || keyWords[pair] != word || keyOffsets[pair] != offset;
    keyCounts[pair] = count;
    keyLengths[pair] = length;
    keyWords[pair] = word;
    keyOffsets[pair] = offset;
    return changed;
  }

  void add(int pair) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, size * 2);
    }
    int hole = size++;
    while (hole > 0) {
      int parent = hole - 1 >>> 1;
      if (!isBetter(pair, heap[parent])) {
        break;
      }
      heap[hole] = heap[parent];
      hole = parent;
    }
    heap[hole] = pair;
  }

  void removeFirst() {
    heap[0] = heap[--size];
    if (size > 0) {
      firstBecameWorse();
    }
  }

  /// Moves the first pair down to where it belongs.
  void firstBecameWorse() {
    int pair = heap[0];
    int hole = 0;
    for (int child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && isBetter(heap[child + 1], heap[child])) {
        child++;
      }
      if (!isBetter(heap[child], pair)) {
        break;
      }
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = pair;
  }

  private boolean isBetter(int a, int b) {
    if (keyCounts[a] != keyCounts[b]) {
      return keyCounts[a] > keyCounts[b];
    }
    if (keyLengths[a] != keyLengths[b]) {
      return keyLengths[a] < keyLengths[b];
    }
    if (keyWords[a] != keyWords[b]) {
      return keyWords[a] < keyWords[b];
    }
    return keyOffsets[a] < keyOffsets[b];
  }
}
