package dev.lungo.train;

import dev.lungo.model.TranslationBatch.Pair;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Deals pairs out in batches of about as many positions each, padding included, in which the pairs
/// are about equally long, so that little is padding: a few batches' worth of pairs are sorted by
/// length, cut, and visited in random order.
final class PairBatches {
  /// Batches that are cut from one stretch of pairs.
  private static final int BATCHES = 16;

  private static final int MEASURED = 256;

  private final TranslationData data;
  private final long seed;
  private final int pairs;
  private long current = -1;
  private List<List<Pair>> batches = List.of();

  /// @param batchTokens positions of a batch, the longer side of each pair counted
  PairBatches(TranslationData data, int batchTokens, long seed) {
    this.data = data;
    this.seed = seed;
    long positions = 0;
    for (int i = 0; i < MEASURED; i++) {
      positions += length(data.training(i));
    }
    pairs = Math.max(BATCHES, (int) ((long) BATCHES * batchTokens * MEASURED / positions));
  }

  private static int length(Pair pair) {
    return Math.max(pair.source().length, pair.target().length) + 1;
  }

  /// Returns the batch of this number, from 0.
  List<Pair> batch(long number) {
    long stretch = number / BATCHES;
    if (stretch != current) {
      batches = cut(stretch);
      current = stretch;
    }
    int place = (int) new WindowOrder(BATCHES, seed).window(number);
    return batches.get(place);
  }

  private List<List<Pair>> cut(long stretch) {
    List<Pair> sorted = new ArrayList<>(pairs);
    for (int i = 0; i < pairs; i++) {
      sorted.add(data.training(stretch * pairs + i));
    }
    sorted.sort(
        Comparator.comparingInt(PairBatches::length)
            .thenComparingInt(pair -> pair.source().length)
            .thenComparingInt(pair -> pair.target().length));
    return share(sorted, BATCHES);
  }

  /// Cuts pairs that ascend by length into `count` batches, so that the largest has as few
  /// positions as can be, padding included: a few long pairs take as much as many short ones.
  static List<List<Pair>> share(List<Pair> sorted, int count) {
    long least = 1;
    long enough = (long) sorted.size() * length(sorted.getLast());
    while (least < enough) {
      long middle = (least + enough) / 2;
      if (cut(sorted, middle).size() <= count) {
        enough = middle;
      } else {
        least = middle + 1;
      }
    }
    List<List<Pair>> batches = cut(sorted, enough);
    while (batches.size() < count) {
      halveTheFullest(batches);
    }
    return batches;
  }

  /// Fills one batch after the other up to so many positions; a pair that is longer stands alone.
  private static List<List<Pair>> cut(List<Pair> sorted, long positions) {
    List<List<Pair>> batches = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= sorted.size(); i++) {
      if (i == sorted.size() || (long) (i + 1 - from) * length(sorted.get(i)) > positions) {
        batches.add(sorted.subList(from, i));
        from = i;
      }
    }
    return batches;
  }

  private static void halveTheFullest(List<List<Pair>> batches) {
    int fullest = 0;
    for (int i = 1; i < batches.size(); i++) {
      if (batches.get(i).size() > batches.get(fullest).size()) {
        fullest = i;
      }
    }
    List<Pair> whole = batches.get(fullest);
    batches.set(fullest, whole.subList(0, whole.size() / 2));
    batches.add(fullest + 1, whole.subList(whole.size() / 2, whole.size()));
  }
}
