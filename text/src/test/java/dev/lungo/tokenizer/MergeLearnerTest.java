package dev.lungo.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class MergeLearnerTest {
  /// Vocabulary of Sennrich et al. 2016, with the end-of-word marker as a symbol of its own.
  @Test
  void learnsTheMergesOfThePaper() {
    Map<String, Integer> words = new LinkedHashMap<>();
    words.put("low", 5);
    words.put("lower", 2);
    words.put("newest", 6);
    words.put("widest", 3);
    List<String> names = new ArrayList<>();
    List<int[]> sequences = new ArrayList<>();
    for (String word : words.keySet()) {
      List<String> symbols = new ArrayList<>(Arrays.asList(word.split("")));
      symbols.add("</w>");
      sequences.add(
          symbols.stream()
              .mapToInt(symbol -> {
                if (!names.contains(symbol)) {
                  names.add(symbol);
                }
                return names.indexOf(symbol);
              })
              .toArray());
    }
    long[] counts = words.values().stream().mapToLong(Integer::longValue).toArray();
    int[] lengths = names.stream().mapToInt(String::length).toArray();
    List<String> learned = new ArrayList<>();
    for (MergeLearner.Merge merge :
        new MergeLearner(words(sequences, counts), lengths).learn(10, 1)) {
      learned.add(names.get(merge.left()) + "+" + names.get(merge.right()) + " " + merge.count());
      names.add(names.get(merge.left()) + names.get(merge.right()));
    }
    assertThat(learned)
        .containsExactly(
            "e+s 9",
            "es+t 9",
            "est+</w> 9",
            "l+o 7",
            "lo+w 7",
            "n+e 6",
            "ne+w 6",
            "new+est</w> 6",
            "low+</w> 5",
            "w+i 3");
  }

  @Test
  void joinsRunsFromTheLeft() {
    int[] text = "aaabdaaabac".chars().toArray();
    int[] lengths = new int[256];
    Arrays.fill(lengths, 1);
    MergeLearner.Words words = words(List.of(text), new long[] {1});
    List<MergeLearner.Merge> merges = new MergeLearner(words, lengths).learn(3, 1);
    assertThat(merges)
        .containsExactly(
            new MergeLearner.Merge('a', 'a', 256, 4),
            new MergeLearner.Merge('a', 'b', 257, 2),
            new MergeLearner.Merge(256, 257, 258, 2));
    assertThat(Arrays.copyOf(words.symbols(), 5)).containsExactly(258, 100, 258, 97, 99);
  }

  @Test
  void learnsWhatCountingAnewEachTimeLearns() {
    Random random = new Random(7);
    for (int round = 0; round < 60; round++) {
      List<int[]> sequences = new ArrayList<>();
      int wordCount = 1 + random.nextInt(12);
      long[] counts = new long[wordCount];
      for (int word = 0; word < wordCount; word++) {
        sequences.add(random.ints(1 + random.nextInt(20), 0, 2 + round % 4).toArray());
        counts[word] = 1 + random.nextInt(5);
      }
      int[] lengths = {1, 1, 1, 1, 1};
      List<MergeLearner.Merge> expected = learnPlainly(sequences, counts, lengths, 30);
      List<MergeLearner.Merge> learned =
          new MergeLearner(words(sequences, counts), lengths).learn(30, 2);
      assertThat(learned).as("round %d", round).isEqualTo(expected);
    }
  }

  private static MergeLearner.Words words(List<int[]> sequences, long[] counts) {
    int[] starts = new int[sequences.size() + 1];
    for (int i = 0; i < sequences.size(); i++) {
      starts[i + 1] = starts[i] + sequences.get(i).length;
    }
    int[] symbols = sequences.stream().flatMapToInt(Arrays::stream).toArray();
    return new MergeLearner.Words(symbols, starts, counts.clone());
  }

  private record Pair(int left, int right) {}

  /// The algorithm as it reads: count all pairs, join the best, begin again.
  private static List<MergeLearner.Merge> learnPlainly(
      List<int[]> sequences, long[] counts, int[] initialLengths, int most) {
    List<List<Integer>> words = new ArrayList<>();
    List<String> contents = new ArrayList<>();
    for (int symbol = 0; symbol < initialLengths.length; symbol++) {
      contents.add(String.valueOf(symbol));
    }
    for (int[] sequence : sequences) {
      words.add(new ArrayList<>(Arrays.stream(sequence).boxed().toList()));
    }
    List<MergeLearner.Merge> merges = new ArrayList<>();
    List<Pair> passedOver = new ArrayList<>();
    while (merges.size() < most) {
      Map<Pair, Long> pairs = new LinkedHashMap<>();
      for (int word = 0; word < words.size(); word++) {
        for (int i = 0; i + 1 < words.get(word).size(); i++) {
          pairs.merge(
              new Pair(words.get(word).get(i), words.get(word).get(i + 1)),
              counts[word],
              Long::sum);
        }
      }
      pairs.keySet().removeAll(passedOver);
      Pair best = null;
      for (Map.Entry<Pair, Long> entry : pairs.entrySet()) {
        if (best == null
            || entry.getValue() > pairs.get(best)
            || entry.getValue().equals(pairs.get(best))
                && joined(contents, entry.getKey()).length() < joined(contents, best).length()) {
          best = entry.getKey();
        }
      }
      if (best == null || pairs.get(best) < 2) {
        break;
      }
      if (contents.contains(joined(contents, best))) {
        passedOver.add(best);
        continue;
      }
      int result = contents.size();
      contents.add(joined(contents, best));
      merges.add(new MergeLearner.Merge(best.left(), best.right(), result, pairs.get(best)));
      for (List<Integer> word : words) {
        for (int i = 0; i + 1 < word.size(); i++) {
          if (word.get(i) == best.left() && word.get(i + 1) == best.right()) {
            word.set(i, result);
            word.remove(i + 1);
          }
        }
      }
    }
    return merges;
  }

  private static String joined(List<String> contents, Pair pair) {
    return contents.get(pair.left()) + contents.get(pair.right());
  }
}
