package dev.lungo.generate;

import dev.lungo.tensor.RandomNumbers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Chooses the next id from logits.
///
/// What narrows the choice is applied in the order of llama.cpp's default: repetition penalty,
/// top-k, top-p, min-p, temperature. The filters so see the model's own probabilities, and top-p
/// counts what top-k left. (Hugging Face applies the temperature right after the penalty; at
/// temperature 1 the two agree.)
///
/// The same settings, seed and logits give the same ids. Each call of [#next] above temperature 0
/// draws one random number. After construction nothing is allocated.
public final class Sampler {
  /// Below the largest by more than this, a weight is lost in the rounding of the sum.
  private static final double NEGLIGIBLE = -45;

  /// How to choose.
  ///
  /// @param temperature divides the logits; 0 always takes the likeliest id
  /// @param topK keeps so many of the likeliest ids; 0 keeps all
  /// @param topP keeps the likeliest ids that together reach this probability (Holtzman et al.
  ///   2019, arXiv:1904.09751); 1 keeps all
  /// @param minP drops ids less likely than this share of the likeliest one's probability (Nguyen
  ///   et al. 2024, arXiv:2407.01082); 0 keeps all
  /// @param repetitionPenalty divides positive and multiplies negative logits of ids that appeared
  ///   (Keskar et al. 2019, arXiv:1909.05858); 1 changes nothing
  /// @param repetitionWindow how many of the last ids count as having appeared
  /// @param seed of the random numbers
  public record Settings(
      float temperature,
      int topK,
      float topP,
      float minP,
      float repetitionPenalty,
      int repetitionWindow,
      long seed) {
    /// Takes the likeliest id each time.
    public static final Settings GREEDY = new Settings(0, 0, 1, 0, 1, 64, 0);

    public Settings {
      if (!(temperature >= 0 && temperature < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("temperature must be 0 or more, but is " + temperature);
      }
      if (topK < 0) {
        throw new IllegalArgumentException("top-k must be 0 (off) or more, but is " + topK);
      }
      if (!(topP > 0 && topP <= 1)) {
        throw new IllegalArgumentException(
            "top-p must be above 0 and at most 1 (off), but is " + topP);
      }
      if (!(minP >= 0 && minP <= 1)) {
        throw new IllegalArgumentException("min-p must be between 0 (off) and 1, but is " + minP);
      }
      if (!(repetitionPenalty > 0 && repetitionPenalty < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "the repetition penalty must be above 0 (1 is off), but is " + repetitionPenalty);
      }
      if (repetitionWindow < 0) {
        throw new IllegalArgumentException(
            "the repetition window must be 0 or more ids, but is " + repetitionWindow);
      }
    }
  }

  private final Settings settings;
  private final RandomNumbers random;
  private final float[] scores;
  private final CandidateHeap heap;

  /// The ids kept, likeliest first where a filter sorted them, and their weights.
  private final int[] kept;

  private final double[] weights;

  /// The last ids, in a ring, and how often each id stands in it.
  private final int[] recent;

  private final int[] occurrences;
  private int recentNext;
  private int recentSize;

  /// @param vocabulary how many logits there are each time
  public Sampler(Settings settings, int vocabulary) {
    this.settings = settings;
    random = new RandomNumbers(settings.seed);
    scores = new float[vocabulary];
    heap = new CandidateHeap(scores);
    kept = new int[vocabulary];
    weights = new double[vocabulary];
    recent = new int[settings.repetitionWindow];
    occurrences = new int[vocabulary];
  }

  /// Takes note of an id that is part of the text now: each of the prompt's, and each that was
  /// chosen.
  public void accept(int id) {
    if (recent.length == 0) {
      return;
    }
    if (recentSize == recent.length) {
      occurrences[recent[recentNext]]--;
    } else {
      recentSize++;
    }
    recent[recentNext] = id;
    occurrences[id]++;
    recentNext = recentNext + 1 == recent.length ? 0 : recentNext + 1;
  }

  /// Forgets the text, but not where the random numbers are.
  public void forget() {
    Arrays.fill(occurrences, 0);
    recentNext = 0;
    recentSize = 0;
  }

  /// Chooses an id.
  ///
  /// @param logits (V), float32; left as they are
  /// @throws IllegalStateException if a logit is NaN or +∞, or all are -∞
  public int next(MemorySegment logits) {
    check(logits.byteSize() / Float.BYTES);
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, 0, scores, 0, scores.length);
    return choose();
  }

  /// Chooses an id.
  ///
  /// @param logits (V); left as they are
  /// @throws IllegalStateException if a logit is NaN or +∞, or all are -∞
  public int next(float[] logits) {
    check(logits.length);
    System.arraycopy(logits, 0, scores, 0, scores.length);
    return choose();
  }

  private void check(long count) {
    if (count != scores.length) {
      throw new IllegalArgumentException(
          "next: the sampler was made for " + scores.length + " logits, but got " + count);
    }
  }

  private int choose() {
    penalizeRepetition();
    int likeliest = likeliest();
    if (settings.temperature == 0 || settings.topK == 1) {
      return likeliest;
    }
    float most = scores[likeliest];
    int count = settings.topK == 0 && settings.topP == 1 ? keepAll() : keepLikeliest(most);
    count = dropUnlikely(count, most);
    return draw(count, most);
  }

  private void penalizeRepetition() {
    float penalty = settings.repetitionPenalty;
    if (penalty == 1) {
      return;
    }
    for (int i = 0; i < recentSize; i++) {
      int id = recent[i];
      // An id that appeared often is penalized once; its count is made negative until all were
      // seen.
      if (occurrences[id] > 0) {
        scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
        occurrences[id] = -occurrences[id];
      }
    }
    for (int i = 0; i < recentSize; i++) {
      occurrences[recent[i]] = Math.abs(occurrences[recent[i]]);
    }
  }

  private int likeliest() {
    int likeliest = 0;
    for (int id = 0; id < scores.length; id++) {
      float score = scores[id];
      if (!(score < Float.POSITIVE_INFINITY)) {
        throw new IllegalStateException(
            "logit " + id + " is " + score + ": the model's weights or its computation are broken");
      }
      if (score > scores[likeliest]) {
        likeliest = id;
      }
    }
    if (scores[likeliest] == Float.NEGATIVE_INFINITY) {
      throw new IllegalStateException("every logit is -∞: no id is allowed");
    }
    return likeliest;
  }

  private int keepAll() {
    for (int id = 0; id < scores.length; id++) {
      kept[id] = id;
    }
    return scores.length;
  }

  /// Applies top-k, then top-p, and leaves the ids sorted.
  private int keepLikeliest(float most) {
    boolean limited = settings.topK > 0 && settings.topK < scores.length;
    int limit = limited ? settings.topK : scores.length;
    heap.fill();
    if (settings.topP == 1) {
      for (int i = 0; i < limit; i++) {
        kept[i] = heap.pop();
      }
      return limit;
    }
    double total = 0;
    if (limited) {
      for (int i = 0; i < limit; i++) {
        kept[i] = heap.pop();
        total += weight(scores[kept[i]] - most);
      }
    } else {
      for (float score : scores) {
        total += weight(score - most);
      }
    }
    double enough = settings.topP * total;
    double reached = 0;
    int count = 0;
    while (count < limit && reached < enough) {
      if (!limited) {
        kept[count] = heap.pop();
      }
      reached += weight(scores[kept[count++]] - most);
    }
    return count;
  }

  private int dropUnlikely(int count, float most) {
    if (settings.minP == 0) {
      return count;
    }
    // p ≥ minP · p of the likeliest, in logits. The likeliest itself always stays.
    double least = most + StrictMath.log(settings.minP);
    int left = 0;
    for (int i = 0; i < count; i++) {
      if (scores[kept[i]] >= least) {
        kept[left++] = kept[i];
      }
    }
    return left;
  }

  private int draw(int count, float most) {
    double total = 0;
    for (int i = 0; i < count; i++) {
      weights[i] = weight((scores[kept[i]] - most) / (double) settings.temperature);
      total += weights[i];
    }
    double point = random.nextDouble() * total;
    int last = kept[0];
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        last = kept[i];
        point -= weights[i];
        if (point < 0) {
          return last;
        }
      }
    }
    // Rounding may leave a crumb of the total behind the last weight.
    return last;
  }

  /// Strict, so that every machine draws the same.
  private static double weight(double difference) {
    return difference < NEGLIGIBLE ? 0 : StrictMath.exp(difference);
  }
}
