package dev.lungo.generate;

import dev.lungo.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Beam search: follows the most probable continuations together, token by token.
///
/// In each step every live continuation is extended by every id, and the best are kept, as many as
/// there are beams less those that have ended (Sutskever et al. 2014, arXiv:1409.3215).
/// Continuations are ranked by log p / ((5 + length) / 6)^penalty (Wu et al. 2016,
/// arXiv:1609.08144). With one beam that is greedy decoding.
final class BeamSearch {
  private static final int MOST_BEAMS = 256;

  private static final Comparator<Hypothesis> BEST_FIRST =
      Comparator.comparingDouble(Hypothesis::score).reversed();

  private final Generator generator;
  private final int[] ends;
  private final int beams;
  private final double penalty;
  private final int most;

  /// A continuation.
  ///
  /// @param ids the end of the text included
  /// @param ended whether by the end of the text
  record Hypothesis(int[] ids, double logProb, double score, boolean ended) {}

  /// An extension of a live continuation.
  private record Extension(int beam, int id, double logProb) {}

  /// @param ends the ids that end a text, in their order
  /// @param penalty above 0 favours long continuations
  /// @param most ids of a continuation
  BeamSearch(Generator generator, int[] ends, int beams, double penalty, int most) {
    check(beams, penalty);
    this.generator = generator;
    this.ends = ends;
    this.beams = beams;
    this.penalty = penalty;
    this.most = most;
  }

  /// @throws IllegalArgumentException if beams or penalty make no sense
  static void check(int beams, double penalty) {
    if (beams < 1 || beams > MOST_BEAMS) {
      throw new IllegalArgumentException(
          "beams must be between 1 and " + MOST_BEAMS + ", but are " + beams);
    }
    if (!(penalty >= 0 && penalty <= 10)) {
      throw new IllegalArgumentException(
          "the length penalty must be between 0 (off) and 10, but is " + penalty);
    }
  }

  /// Returns the continuations found, best first.
  ///
  /// @param promptLogits of what follows the prompt, which the generator has seen
  List<Hypothesis> search(Tensor promptLogits) {
    List<Hypothesis> finished = new ArrayList<>();
    List<Hypothesis> live = List.of(new Hypothesis(new int[0], 0, 0, false));
    Tensor logits = promptLogits.view(1, (int) promptLogits.elements());
    while (true) {
      List<Extension> best = extend(live, logits, beams - finished.size());
      List<Hypothesis> next = new ArrayList<>();
      List<Integer> sources = new ArrayList<>();
      for (Extension extension : best) {
        Hypothesis extended = append(live.get(extension.beam), extension);
        if (extended.ended || extended.ids.length == most) {
          finished.add(extended);
        } else {
          next.add(extended);
          sources.add(extension.beam);
        }
      }
      boolean full = generator.position() == generator.capacity();
      if (full) {
        finished.addAll(next);
      }
      if (next.isEmpty() || full || hopeless(next, finished)) {
        finished.sort(BEST_FIRST);
        return finished;
      }
      live = next;
      generator.select(sources.stream().mapToInt(i -> i).toArray());
      logits = generator.step(live.stream().mapToInt(h -> h.ids[h.ids.length - 1]).toArray());
    }
  }

  private Hypothesis append(Hypothesis before, Extension extension) {
    int[] ids = Arrays.copyOf(before.ids, before.ids.length + 1);
    ids[before.ids.length] = extension.id;
    boolean ended = Arrays.binarySearch(ends, extension.id) >= 0;
    return new Hypothesis(
        ids, extension.logProb, extension.logProb / lengthFactor(ids.length), ended);
  }

  private double lengthFactor(int length) {
    return Math.pow((5 + length) / 6.0, penalty);
  }

  /// Says whether no live continuation can come before the best that ended: log p only falls, and
  /// at best is divided by the largest factor.
  private boolean hopeless(List<Hypothesis> live, List<Hypothesis> finished) {
    double best = Double.NEGATIVE_INFINITY;
    for (Hypothesis hypothesis : finished) {
      best = Math.max(best, hypothesis.score);
    }
    for (Hypothesis hypothesis : live) {
      if (hypothesis.logProb / lengthFactor(most) > best) {
        return false;
      }
    }
    return true;
  }

  /// Returns the best extensions; of equal ones first those of earlier beams, and of lower ids.
  private static List<Extension> extend(List<Hypothesis> live, Tensor logits, int limit) {
    List<Extension> best = new ArrayList<>();
    int vocabulary = logits.shape().width();
    for (int beam = 0; beam < live.size(); beam++) {
      MemorySegment row = logits.rows(beam, beam + 1).data();
      float[] scores = row.toArray(ValueLayout.JAVA_FLOAT);
      double normalizer = LogProbs.logSumExp(scores);
      for (int id = 0; id < vocabulary; id++) {
        double logProb = live.get(beam).logProb + (scores[id] - normalizer);
        if (best.size() < limit || logProb > best.getLast().logProb) {
          insert(best, new Extension(beam, id, logProb), limit);
        }
      }
    }
    return best;
  }

  private static void insert(List<Extension> best, Extension extension, int limit) {
    int at = best.size();
    while (at > 0 && best.get(at - 1).logProb < extension.logProb) {
      at--;
    }
    best.add(at, extension);
    if (best.size() > limit) {
      best.removeLast();
    }
  }
}
