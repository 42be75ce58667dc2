package dev.lungo.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Learns merges: joins the most frequent pair of neighbouring symbols in all words, again and
/// again.
///
/// Words are sequences of symbols with a count. Of pairs that are equally frequent the one whose
/// joined symbol is shorter wins, then the one that is seen first in the words as they stand; a
/// pair whose joined symbol exists already is passed over. Counts are kept up to date as words
/// change; each pair has the list of words it was seen in; a heap holds the pairs, and a pair whose
/// key has become worse since it was put there is put back when it comes up, so that nothing is
/// ever counted anew.
///
/// Source: Sennrich et al. 2016, arXiv:1508.07909, algorithm 1.
final class MergeLearner {
  /// A merge that was learned.
  ///
  /// @param left the left symbol
  /// @param right the right symbol
  /// @param result the symbol that stands for both from then on
  /// @param count how often the pair was there
  record Merge(int left, int right, int result, long count) {}

  /// The words: symbols one after the other, where each word starts (and the last ends), and how
  /// often it occurs.
  record Words(int[] symbols, int[] starts, long[] counts) {}

  private final int[] symbols;
  private final int[] starts;
  private final int[] ends;
  private final long[] wordCounts;
  private int[] symbolLengths;
  private int symbolCount;

  /// The initial symbols that each symbol stands for, one character each.
  private final List<String> contents = new ArrayList<>();

  private final Set<String> known = new HashSet<>();
  private final Predicate<String> allowed;
  private final PairTable pairs = new PairTable();
  private final PairHeap heap;

  /// @param words the words; their symbols are overwritten
  /// @param initialLengths the length of each initial symbol, in bytes; at most 65,536 symbols
  MergeLearner(Words words, int[] initialLengths) {
    this(words, initialLengths, symbol -> true);
  }

  /// @param allowed says whether there may be a symbol that stands for these initial symbols, a
  ///   character each
  MergeLearner(Words words, int[] initialLengths, Predicate<String> allowed) {
    this.allowed = allowed;
    symbols = words.symbols();
    starts = words.starts();
    ends = Arrays.copyOfRange(starts, 1, starts.length);
    wordCounts = words.counts();
    symbolLengths = initialLengths.clone();
    symbolCount = initialLengths.length;
    for (int symbol = 0; symbol < symbolCount; symbol++) {
      contents.add(String.valueOf((char) symbol));
    }
    for (int word = 0; word < wordCounts.length; word++) {
      for (int i = starts[word]; i + 1 < ends[word]; i++) {
        pairs.increase(symbols[i], symbols[i + 1], wordCounts[word], word);
      }
    }
    heap = new PairHeap(pairs);
    offerFrom(0);
  }

  /// Puts the pairs from number `first` on into the heap.
  private void offerFrom(int first) {
    for (int pair = first; pair < pairs.size(); pair++) {
      if (pairs.count(pair) > 0) {
        refresh(pair);
        heap.add(pair);
      }
    }
  }

  /// Learns up to `most` merges of pairs that occur at least `minimumCount` times.
  List<Merge> learn(int most, long minimumCount) {
    List<Merge> merges = new ArrayList<>();
    while (merges.size() < most) {
      int pair = bestPair();
      if (pair < 0 || pairs.count(pair) < minimumCount) {
        break;
      }
      long count = pairs.count(pair);
      int left = pairs.left(pair);
      int right = pairs.right(pair);
      String content = contents.get(left) + contents.get(right);
      if (!known.add(content)) {
        // Another pair has made this symbol already: two ids for the same text would be one too
        // many.
        continue;
      }
      if (!allowed.test(content)) {
        continue;
      }
      contents.add(content);
      int result = newSymbol(symbolLengths[left] + symbolLengths[right]);
      int firstNewPair = pairs.size();
      join(pair, left, right, result);
      offerFrom(firstNewPair);
      merges.add(new Merge(left, right, result, count));
    }
    return merges;
  }

  private int newSymbol(int length) {
    if (symbolCount == symbolLengths.length) {
      symbolLengths = Arrays.copyOf(symbolLengths, symbolCount * 2 + 16);
    }
    symbolLengths[symbolCount] = length;
    return symbolCount++;
  }

  /// Takes the best pair off the heap; -1 if there is none.
  private int bestPair() {
    while (!heap.isEmpty()) {
      int pair = heap.first();
      if (pairs.count(pair) <= 0) {
        heap.removeFirst();
      } else if (refresh(pair)) {
        heap.firstBecameWorse();
      } else {
        heap.removeFirst();
        return pair;
      }
    }
    return -1;
  }

  /// Brings the key of a pair up to date and says whether it changed. Counts only fall and first
  /// places only move back, since occurrences of a pair never arise after the step that made its
  /// symbols: keys only become worse.
  private boolean refresh(int pair) {
    int left = pairs.left(pair);
    int right = pairs.right(pair);
    int[] words = pairs.words(pair);
    for (int i = pairs.firstWordIndex(pair); i < pairs.wordCount(pair); i++) {
      int word = words[i];
      int offset = 0;
      for (int at = starts[word]; at + 1 < ends[word]; at++) {
        if (symbols[at] == left && symbols[at + 1] == right) {
          pairs.setFirstWordIndex(pair, i);
          return heap.setKey(
              pair, pairs.count(pair), symbolLengths[left] + symbolLengths[right], word, offset);
        }
        offset += symbolLengths[symbols[at]];
      }
    }
    throw new IllegalStateException("a counted pair occurs nowhere: " + left + ", " + right);
  }

  private void join(int pair, int left, int right, int result) {
    int[] words = pairs.words(pair);
    int count = pairs.wordCount(pair);
    for (int i = pairs.firstWordIndex(pair); i < count; i++) {
      joinIn(words[i], left, right, result);
    }
    pairs.retire(pair);
  }

  private void joinIn(int word, int left, int right, int result) {
    int end = ends[word];
    int start = starts[word];
    long count = wordCounts[word];
    int to = start;
    for (int from = start; from < end; from++, to++) {
      if (symbols[from] != left || from + 1 >= end || symbols[from + 1] != right) {
        symbols[to] = symbols[from];
        continue;
      }
      if (to > start) {
        pairs.decrease(symbols[to - 1], left, count);
        pairs.increase(symbols[to - 1], result, count, word);
      }
      if (from + 2 < end) {
        pairs.decrease(right, symbols[from + 2], count);
        pairs.increase(result, symbols[from + 2], count, word);
      }
      symbols[to] = result;
      from++;
    }
    ends[word] = to;
  }
}
