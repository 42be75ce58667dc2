package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;

/// The worked examples by which byte-pair encoding is explained, done by the code that trains
/// tokenizers.
public final class PublishedMerges {
  /// An example.
  ///
  /// @param name which one
  /// @param expected what its source says comes out
  /// @param computed what comes out here
  public record Example(String name, String expected, String computed) {}

  /// A word of an example and how often it occurs.
  private record Word(String text, long count) {}

  /// Marks the end of a word, as one symbol.
  private static final String END = "</w>";

  private PublishedMerges() {}

  /// Does all examples.
  public static List<Example> all() {
    return List.of(
        new Example(
            "low lower newest widest (Sennrich et al. 2016)",
            "e+s 9, es+t 9, est+</w> 9, l+o 7, lo+w 7, n+e 6, ne+w 6, new+est</w> 6, low+</w> 5, w+i 3",
            mergesOfWords(
                List.of(
                    new Word("low", 5),
                    new Word("lower", 2),
                    new Word("newest", 6),
                    new Word("widest", 3)),
                10)),
        new Example(
            "aaabdaaabac, three merges of bytes",
            "258 100 258 97 99",
            bytesMerged("aaabdaaabac", 3)));
  }

  /// Learns merges of letters, and writes each with its count.
  private static String mergesOfWords(List<Word> words, int most) {
    List<String> symbols = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    int[] starts = new int[words.size() + 1];
    long[] counts = new long[words.size()];
    for (int i = 0; i < words.size(); i++) {
      List<String> spelled = new ArrayList<>(Arrays.asList(words.get(i).text().split("")));
      spelled.add(END);
      for (String symbol : spelled) {
        if (!symbols.contains(symbol)) {
          symbols.add(symbol);
        }
        ids.add(symbols.indexOf(symbol));
      }
      starts[i + 1] = ids.size();
      counts[i] = words.get(i).count();
    }
    int[] lengths = symbols.stream().mapToInt(String::length).toArray();
    int[] text = ids.stream().mapToInt(Integer::intValue).toArray();
    StringJoiner merges = new StringJoiner(", ");
    for (MergeLearner.Merge merge :
        new MergeLearner(new MergeLearner.Words(text, starts, counts), lengths).learn(most, 1)) {
      String left = symbols.get(merge.left());
      String right = symbols.get(merge.right());
      merges.add(left + "+" + right + " " + merge.count());
      symbols.add(left + right);
    }
    return merges.toString();
  }

  /// Learns merges of bytes, and writes the text's ids after them.
  private static String bytesMerged(String text, int most) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] symbols = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      symbols[i] = bytes[i] & 0xff;
    }
    int[] lengths = new int[256];
    Arrays.fill(lengths, 1);
    int[] whole = {0, bytes.length};
    List<MergeLearner.Merge> merges =
        new MergeLearner(new MergeLearner.Words(symbols.clone(), whole, new long[] {1}), lengths)
            .learn(most, 1);
    List<Integer> ids = new ArrayList<>(Arrays.stream(symbols).boxed().toList());
    for (MergeLearner.Merge merge : merges) {
      for (int i = 0; i + 1 < ids.size(); i++) {
        if (ids.get(i) == merge.left() && ids.get(i + 1) == merge.right()) {
          ids.set(i, merge.result());
          ids.remove(i + 1);
        }
      }
    }
    StringJoiner joined = new StringJoiner(" ");
    ids.forEach(id -> joined.add(id.toString()));
    return joined.toString();
  }
}
