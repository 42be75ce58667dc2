package dev.lungo.generate;

import dev.lungo.tensor.RandomNumbers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/// Chooses the next id from logits.
///
/// What bends or narrows the choice is applied in the order of llama.cpp's default: logit bias,
/// repetition, frequency and presence penalty, top-k, typical, top-p, min-p, temperature. The
/// filters so see the model's own probabilities, and each counts what the one before left. (Hugging
/// Face applies the temperature right after the penalties; at temperature 1 the two agree.) With
/// mirostat it is bias, penalties, temperature, mirostat.
///
/// The same settings, seed and logits give the same ids. Each call of [#next] above temperature 0
/// draws one random number. After construction nothing is allocated but for penalty windows of more
/// than 1024 ids.
public final class Sampler {
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
  /// @param repetitionWindow how many of the last ids count as having appeared, for all three
  ///   penalties
  /// @param seed of the random numbers
  /// @param typicalP keeps the ids whose surprise is nearest to the expected one, until they reach
  ///   this probability (Meister et al. 2022, arXiv:2202.00666); 1 keeps all
  /// @param frequencyPenalty is subtracted from an id's logit for each time that it appeared
  /// @param presencePenalty is subtracted once from the logits of ids that appeared
  /// @param mirostat chooses how many ids to choose among, instead of the filters
  /// @param bias is added to the logits of these ids; -∞ forbids one
  public record Settings(
      float temperature,
      int topK,
      float topP,
      float minP,
      float repetitionPenalty,
      int repetitionWindow,
      long seed,
      float typicalP,
      float frequencyPenalty,
      float presencePenalty,
      Optional<Mirostat.Settings> mirostat,
      Map<Integer, Float> bias) {
    /// Takes the likeliest id each time.
    public static final Settings GREEDY = new Settings(0, 0, 1, 0, 1, 64, 0);

    /// Leaves the rarer settings off.
    public Settings(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        int repetitionWindow,
        long seed) {
      this(
          temperature,
          topK,
          topP,
          minP,
          repetitionPenalty,
          repetitionWindow,
          seed,
          1,
          0,
          0,
          Optional.empty(),
          Map.of());
    }

    public Settings {
      require(
          temperature >= 0 && temperature < Float.POSITIVE_INFINITY,
          "temperature must be 0 or more, but is " + temperature);
      require(topK >= 0, "top-k must be 0 (off) or more, but is " + topK);
      require(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1 (off), but is " + topP);
      require(minP >= 0 && minP <= 1, "min-p must be between 0 (off) and 1, but is " + minP);
      require(
          typicalP > 0 && typicalP <= 1,
          "typical must be above 0 and at most 1 (off), but is " + typicalP);
      require(
          repetitionPenalty > 0 && repetitionPenalty < Float.POSITIVE_INFINITY,
          "the repetition penalty must be above 0 (1 is off), but is " + repetitionPenalty);
      require(
          repetitionWindow >= 0,
          "the repetition window must be 0 or more ids, but is " + repetitionWindow);
      require(
          Math.abs(frequencyPenalty) <= 100,
          "the frequency penalty must be between -100 and 100, but is " + frequencyPenalty);
      require(
          Math.abs(presencePenalty) <= 100,
          "the presence penalty must be between -100 and 100, but is " + presencePenalty);
      require(
          mirostat.isEmpty() || topK == 0 && topP == 1 && minP == 0 && typicalP == 1,
          "with mirostat the filters must be off, but top-k is "
              + topK
              + ", top-p "
              + topP
              + ", min-p "
              + minP
              + ", typical "
              + typicalP);
      bias = Map.copyOf(bias);
      bias.forEach((id, value) ->
          require(
              id >= 0 && value < Float.POSITIVE_INFINITY,
              "the bias of id " + id + " must be a number or -∞, but is " + value));
    }

    private static void require(boolean holds, String otherwise) {
      if (!holds) {
        throw new IllegalArgumentException(otherwise);
      }
    }

    /// Returns the same settings with another seed.
    public Settings withSeed(long other) {
      return new Settings(
          temperature,
          topK,
          topP,
          minP,
          repetitionPenalty,
          repetitionWindow,
          other,
          typicalP,
          frequencyPenalty,
          presencePenalty,
          mirostat,
          bias);
    }
  }

  private final Settings settings;
  private final RandomNumbers random;
  private final float[] scores;
  private final int[] biasedIds;
  private final float[] biases;
  private final Penalties penalties;
  private final Candidates candidates;
  private final Optional<Mirostat> mirostat;

  /// @param vocabulary how many logits there are each time
  public Sampler(Settings settings, int vocabulary) {
    this.settings = settings;
    random = new RandomNumbers(settings.seed);
    scores = new float[vocabulary];
    biasedIds = settings.bias.keySet().stream().mapToInt(id -> id).sorted().toArray();
    biases = new float[biasedIds.length];
    for (int i = 0; i < biases.length; i++) {
      if (biasedIds[i] >= vocabulary) {
        throw new IllegalArgumentException(
            "the bias of id "
                + biasedIds[i]
                + " must be for an id of the vocabulary, which has "
                + vocabulary);
      }
      biases[i] = settings.bias.getOrDefault(biasedIds[i], 0f);
    }
    penalties = new Penalties(settings, vocabulary);
    candidates = new Candidates(scores, settings.typicalP < 1);
    mirostat = settings.mirostat.map(Mirostat::new);
  }

  /// Takes note of an id that is part of the text now: each of the prompt's, and each that was
  /// chosen.
  public void accept(int id) {
    penalties.accept(id);
  }

  /// Forgets the text, but not where the random numbers are.
  public void forget() {
    penalties.forget();
  }

  /// Chooses an id.
  ///
  /// @param logits (V), float32; left as they are
  /// @throws IllegalStateException if a logit is NaN or +∞, or all are -∞
  public int next(MemorySegment logits) {
    take(logits);
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

  /// Computes the probability with which [#next] would choose each id.
  ///
  /// @param probabilities (V), overwritten
  void distribution(MemorySegment logits, double[] probabilities) {
    take(logits);
    Arrays.fill(probabilities, 0);
    int likeliest = bend();
    if (takesLikeliest()) {
      probabilities[likeliest] = 1;
      return;
    }
    narrow(scores[likeliest]);
    double total = 0;
    for (int i = 0; i < candidates.size(); i++) {
      total += candidates.weight(i);
    }
    for (int i = 0; i < candidates.size(); i++) {
      probabilities[candidates.id(i)] = candidates.weight(i) / total;
    }
  }

  /// Draws the next random number, in [0, 1).
  double nextRandom() {
    return random.nextDouble();
  }

  private void take(MemorySegment logits) {
    check(logits.byteSize() / Float.BYTES);
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, 0, scores, 0, scores.length);
  }

  private void check(long count) {
    if (count != scores.length) {
      throw new IllegalArgumentException(
          "next: the sampler was made for " + scores.length + " logits, but got " + count);
    }
  }

  private int choose() {
    int likeliest = bend();
    if (takesLikeliest()) {
      return likeliest;
    }
    narrow(scores[likeliest]);
    int chosen = candidates.draw(random.nextDouble());
    if (mirostat.isPresent()) {
      mirostat.get().chose(candidates.weight(chosen) / candidates.total());
    }
    return candidates.id(chosen);
  }

  private boolean takesLikeliest() {
    return settings.temperature == 0 || settings.topK == 1;
  }

  /// Applies what changes logits, and returns the likeliest id.
  private int bend() {
    for (int i = 0; i < biases.length; i++) {
      scores[biasedIds[i]] += biases[i];
    }
    penalties.apply(scores);
    return likeliest();
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

  /// Drops the ids that the settings exclude, and weighs the others.
  private void narrow(float most) {
    candidates.start(most);
    if (mirostat.isPresent()) {
      mirostat.get().narrow(candidates, settings.temperature);
      return;
    }
    if (settings.topK > 0) {
      candidates.sort(settings.topK);
    }
    if (settings.typicalP < 1) {
      candidates.keepTypical(settings.typicalP);
    }
    if (settings.topP < 1) {
      candidates.keepShare(settings.topP);
    }
    if (settings.minP > 0) {
      candidates.dropUnlikely(settings.minP);
    }
    candidates.weigh(settings.temperature);
  }
}
