package dev.lungo.generate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// chrF (Popović 2015) of a corpus, as sacreBLEU computes it by default: the F₂ score of character
/// n-grams up to 6, without white space, averaged over the orders.
public final class CharacterScore {
  private static final int ORDERS = 6;

  /// Recall counts β times as much as precision.
  private static final double BETA = 2;

  private CharacterScore() {}

  /// Scores translations against one reference each.
  ///
  /// @return from 0 to 100
  public static double of(List<String> translations, List<String> references) {
    if (translations.size() != references.size() || translations.isEmpty()) {
      throw new IllegalArgumentException(
          "chrF: needs as many references as translations, but got "
              + references.size()
              + " and "
              + translations.size());
    }
    long[] matched = new long[ORDERS];
    long[] system = new long[ORDERS];
    long[] reference = new long[ORDERS];
    for (int i = 0; i < translations.size(); i++) {
      String written = String.join("", Bleu.words(translations.get(i)));
      String wanted = String.join("", Bleu.words(references.get(i)));
      for (int order = 1; order <= ORDERS; order++) {
        Map<String, Integer> expected = counts(wanted, order);
        Map<String, Integer> counted = counts(written, order);
        int n = order - 1;
        // Where the reference has no n-gram of an order, sacreBLEU does not count those of the
        // translation.
        system[n] += expected.isEmpty() ? 0 : sum(counted);
        reference[n] += sum(expected);
        counted.forEach(
            (gram, count) -> matched[n] += Math.min(count, expected.getOrDefault(gram, 0)));
      }
    }
    return score(matched, system, reference);
  }

  private static double score(long[] matched, long[] system, long[] reference) {
    double precision = 0;
    double recall = 0;
    int orders = 0;
    for (int n = 0; n < ORDERS; n++) {
      if (system[n] > 0 && reference[n] > 0) {
        precision += (double) matched[n] / system[n];
        recall += (double) matched[n] / reference[n];
        orders++;
      }
    }
    if (orders == 0 || precision + recall == 0) {
      return 0;
    }
    precision /= orders;
    recall /= orders;
    double weight = BETA * BETA;
    return 100 * (1 + weight) * precision * recall / (weight * precision + recall);
  }

  private static long sum(Map<String, Integer> counts) {
    long sum = 0;
    for (int count : counts.values()) {
      sum += count;
    }
    return sum;
  }

  private static Map<String, Integer> counts(String text, int order) {
    int[] characters = text.codePoints().toArray();
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i + order <= characters.length; i++) {
      counts.merge(new String(characters, i, order), 1, Integer::sum);
    }
    return counts;
  }
}
