package dev.lungo.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.model.TranslationBatch.Pair;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PairBatchesTest {
  private static final int COUNT = 16;

  private static List<Pair> pairs(int count, int length) {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      pairs.add(new Pair(new int[length], new int[length - 1]));
    }
    return pairs;
  }

  private static long positions(List<Pair> batch) {
    return (long) batch.size() * (batch.getLast().source().length + 1);
  }

  @Test
  void fewLongPairsTakeNoMoreThanManyShortOnes() {
    List<Pair> sorted = new ArrayList<>(pairs(1000, 9));
    for (int length = 10; length < 80; length += 2) {
      sorted.addAll(pairs(3, length));
    }
    List<List<Pair>> batches = PairBatches.share(sorted, COUNT);
    long own = sorted.stream().mapToLong(pair -> pair.source().length + 1).sum();
    assertThat(batches).hasSize(COUNT);
    assertThat(batches.stream().flatMap(List::stream).toList()).isEqualTo(sorted);
    assertThat(batches)
        .allSatisfy(batch -> {
          assertThat(positions(batch)).isLessThan(own / COUNT * 5 / 4);
        });
  }

  @Test
  void thereAreAsManyBatchesAsAreAskedFor() {
    assertThat(PairBatches.share(pairs(COUNT, 5), COUNT)).hasSize(COUNT);
    List<Pair> oneLong = new ArrayList<>(pairs(COUNT + 3, 2));
    oneLong.addAll(pairs(1, 500));
    assertThat(PairBatches.share(oneLong, COUNT))
        .hasSize(COUNT)
        .allSatisfy(batch -> assertThat(batch).isNotEmpty());
  }
}
