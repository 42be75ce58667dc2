package dev.lungo.generate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// BLEU (Papineni et al. 2002) of a corpus, as sacreBLEU computes it by default (Post 2018,
/// arXiv:1804.08771): WMT's `13a` tokenization, n-grams up to 4, one reference, exponential
/// smoothing of orders without a match.
///
/// @param score from 0 to 100
/// @param precisions of 1- to 4-grams, in percent
/// @param brevityPenalty 1, or less where translations are shorter than references
/// @param systemLength words of the translations; `referenceLength` of the references
public record Bleu(
    double score,
    List<Double> precisions,
    double brevityPenalty,
    long systemLength,
    long referenceLength) {
  private static final int ORDERS = 4;

  private static final Pattern SYMBOL = Pattern.compile("([{-~\\[-` -&(-+:-@/])");
  private static final Pattern BEFORE_DIGIT = Pattern.compile("([^0-9])([.,])");
  private static final Pattern AFTER_DIGIT = Pattern.compile("([.,])([^0-9])");
  private static final Pattern DASH = Pattern.compile("([0-9])(-)");

  /// Scores translations against one reference each.
  public static Bleu of(List<String> translations, List<String> references) {
    if (translations.size() != references.size() || translations.isEmpty()) {
      throw new IllegalArgumentException(
          "bleu: needs as many references as translations, but got "
              + references.size()
              + " and "
              + translations.size());
    }
    long[] matched = new long[ORDERS];
    long[] total = new long[ORDERS];
    long systemLength = 0;
    long referenceLength = 0;
    for (int i = 0; i < translations.size(); i++) {
      List<String> system = tokenize(translations.get(i));
      List<String> reference = tokenize(references.get(i));
      systemLength += system.size();
      referenceLength += reference.size();
      for (int order = 1; order <= ORDERS; order++) {
        Map<List<String>, Integer> wanted = counts(reference, order);
        for (Map.Entry<List<String>, Integer> entry : counts(system, order).entrySet()) {
          total[order - 1] += entry.getValue();
          matched[order - 1] += Math.min(entry.getValue(), wanted.getOrDefault(entry.getKey(), 0));
        }
      }
    }
    return score(matched, total, systemLength, referenceLength);
  }

  private static Bleu score(long[] matched, long[] total, long systemLength, long referenceLength) {
    List<Double> precisions = new ArrayList<>();
    double logs = 0;
    double smoothing = 1;
    boolean zero = matched[0] == 0;
    for (int n = 0; n < ORDERS; n++) {
      double precision = 0;
      if (matched[0] == 0 || total[n] == 0) {
        // No n-gram is that long, or nothing matches: there is nothing to smooth, and no score.
        zero = true;
      } else if (matched[n] == 0) {
        smoothing *= 2;
        precision = 100 / (smoothing * total[n]);
      } else {
        precision = 100.0 * matched[n] / total[n];
      }
      precisions.add(precision);
      logs += Math.log(precision);
    }
    double brevity =
        systemLength == 0
            ? 0
            : systemLength < referenceLength
                ? Math.exp(1 - (double) referenceLength / systemLength)
                : 1;
    double score = zero ? 0 : brevity * Math.exp(logs / ORDERS);
    return new Bleu(score, precisions, brevity, systemLength, referenceLength);
  }

  private static Map<List<String>, Integer> counts(List<String> tokens, int order) {
    Map<List<String>, Integer> counts = new HashMap<>();
    for (int i = 0; i + order <= tokens.size(); i++) {
      counts.merge(tokens.subList(i, i + order), 1, Integer::sum);
    }
    return counts;
  }

  /// Cuts a line as WMT's `mteval-v13a` does.
  static List<String> tokenize(String line) {
    String text =
        line.strip()
            .replace("<skipped>", "")
            .replace("-\n", "")
            .replace('\n', ' ')
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
    text = " " + text + " ";
    text = SYMBOL.matcher(text).replaceAll(" $1 ");
    text = BEFORE_DIGIT.matcher(text).replaceAll("$1 $2 ");
    text = AFTER_DIGIT.matcher(text).replaceAll(" $1 $2");
    text = DASH.matcher(text).replaceAll("$1 $2 ");
    return words(text);
  }

  /// Cuts at white space as Python's `split` does, which knows other spaces than the ASCII ones.
  static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    int start = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean space = i == text.length() || isSpace(text.charAt(i));
      if (space && start >= 0) {
        words.add(text.substring(start, i));
        start = -1;
      } else if (!space && start < 0) {
        start = i;
      }
    }
    return words;
  }

  static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
