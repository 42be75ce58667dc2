package dev.lungo.tokenizer;

import java.util.Arrays;

/// The pairs of neighbouring symbols: how often each occurs, and in which words it has been seen
/// (in rising order; some may have lost it since).
final class PairTable {
  private static final int[] NO_WORDS = {};

  private long[] keys = new long[1024];
  private long[] counts = new long[1024];
  private int[][] words = new int[1024][];
  private int[] wordCounts = new int[1024];
  private int[] firstWordIndexes = new int[1024];
  private int[] slots = new int[4096];
  private int size;

  /// Returns the number of pairs ever seen: pairs are numbered in the order in which they appeared.
  int size() {
    return size;
  }

  int left(int pair) {
    return (int) (keys[pair] >>> 32);
  }

  int right(int pair) {
    return (int) keys[pair];
  }

  long count(int pair) {
    return counts[pair];
  }

  /// Returns the words in which `pair` has been seen, valid up to [#wordCount(int)].
  int[] words(int pair) {
    return words[pair];
  }

  int wordCount(int pair) {
    return wordCounts[pair];
  }

  /// Returns where in its words the first one stands that may still have the pair.
  int firstWordIndex(int pair) {
    return firstWordIndexes[pair];
  }

  void setFirstWordIndex(int pair, int index) {
    firstWordIndexes[pair] = index;
  }

  /// Counts `times` more occurrences, in `word`; words must come in rising order.
  void increase(int left, int right, long times, int word) {
    int pair = findOrAdd((long) left << 32 | right);
    counts[pair] += times;
    int seen = wordCounts[pair];
    int[] list = words[pair];
    if (seen > 0 && list[seen - 1] == word) {
      return;
    }
    if (seen == list.length) {
      list = Arrays.copyOf(list, Math.max(4, seen * 2));
      words[pair] = list;
    }
    list[seen] = word;
    wordCounts[pair] = seen + 1;
  }

  void decrease(int left, int right, long times) {
    counts[findOrAdd((long) left << 32 | right)] -= times;
  }

  /// Forgets everything about a pair that no longer occurs.
  void retire(int pair) {
    counts[pair] = 0;
    words[pair] = NO_WORDS;
    wordCounts[pair] = 0;
  }

  private int findOrAdd(long key) {
    int mask = slots.length - 1;
    int slot = slotOf(key, mask);
    for (int entry = slots[slot]; entry != 0; entry = slots[slot]) {
      if (keys[entry - 1] == key) {
        return entry - 1;
      }
      slot = slot + 1 & mask;
    }
    if (size == keys.length) {
      int larger = size * 2;
      keys = Arrays.copyOf(keys, larger);
      counts = Arrays.copyOf(counts, larger);
      words = Arrays.copyOf(words, larger);
      wordCounts = Arrays.copyOf(wordCounts, larger);
      firstWordIndexes = Arrays.copyOf(firstWordIndexes, larger);
    }
    keys[size] = key;
    words[size] = NO_WORDS;
    slots[slot] = ++size;
    if (size * 2 > slots.length) {
      rehash();
    }
    return size - 1;
  }

  private void rehash() {
    slots = new int[slots.length * 2];
    int mask = slots.length - 1;
    for (int pair = 0; pair < size; pair++) {
      int slot = slotOf(keys[pair], mask);
      while (slots[slot] != 0) {
        slot = slot + 1 & mask;
      }
      slots[slot] = pair + 1;
    }
  }

  private static int slotOf(long key, int mask) {
    long mixed = key * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> 32) & mask;
  }
}
