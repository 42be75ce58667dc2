package dev.lungo.train;

import dev.lungo.model.TranslationBatch.Pair;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Deals pairs out in batches of about as many positions each, in which the pairs are about equally
/// long, so that little is padding: a few batches' worth of pairs are sorted by length, cut, and
/// visited in random order.
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
    long total = 0;
    for (int i = 0; i < pairs; i++) {
      Pair pair = data.training(stretch * pairs + i);
      sorted.add(pair);
      total += length(pair);
    }
    sorted.sort(
        Comparator.comparingInt(PairBatches::length)
            .thenComparingInt(pair -> pair.source().length)
            .thenComparingInt(pair -> pair.target().length));
    List<List<Pair>> cut = new ArrayList<>(BATCHES);
    int next = 0;
    long before = 0;
    for (int batch = 0; batch < BATCHES; batch++) {
      List<Pair> some = new ArrayList<>();
      // Each keeps at least one, whatever the lengths are.
      int last = pairs - (BATCHES - 1 - batch);
      while (next < last && (some.isEmpty() || before < total * (batch + 1) / BATCHES)) {
        before += length(sorted.get(next));
        some.add(sorted.get(next++));
      }
      cut.add(some);
    }
    return cut;
  }
}
