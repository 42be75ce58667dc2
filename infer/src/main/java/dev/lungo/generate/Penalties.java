package dev.lungo.generate;

import java.util.Arrays;

/// Makes ids that stand among the last ones less likely: the repetition penalty (Keskar et al.
/// 2019, arXiv:1909.05858), then count · frequency penalty + presence penalty.
final class Penalties {
  private static final int FIRST_LENGTH = 1024;

  private final float repetition;
  private final float frequency;
  private final float presence;
  private final int window;

  /// The last ids, in a ring once the window is full, and how often each id stands in it.
  private int[] recent;

  private final int[] occurrences;
  private int next;
  private int size;

  Penalties(Sampler.Settings settings, int vocabulary) {
    repetition = settings.repetitionPenalty();
    frequency = settings.frequencyPenalty();
    presence = settings.presencePenalty();
    boolean off = repetition == 1 && frequency == 0 && presence == 0;
    window = off ? 0 : settings.repetitionWindow();
    recent = new int[Math.min(window, FIRST_LENGTH)];
    occurrences = new int[vocabulary];
  }

  /// Takes note of an id that is part of the text now.
  void accept(int id) {
    if (window == 0) {
      return;
    }
    if (size == window) {
      occurrences[recent[next]]--;
    } else {
      if (size == recent.length) {
        recent = Arrays.copyOf(recent, (int) Math.min(window, 2L * size));
      }
      size++;
    }
    recent[next] = id;
    occurrences[id]++;
    next = next + 1 == window ? 0 : next + 1;
  }

  void forget() {
    Arrays.fill(occurrences, 0);
    next = 0;
    size = 0;
  }

  void apply(float[] scores) {
    for (int i = 0; i < size; i++) {
      int id = recent[i];
      int count = occurrences[id];
      // An id that appeared often is penalized once; its count is made negative until all were
      // seen.
      if (count > 0) {
        float score = scores[id] > 0 ? scores[id] / repetition : scores[id] * repetition;
        scores[id] = score - count * frequency - presence;
        occurrences[id] = -count;
      }
    }
    for (int i = 0; i < size; i++) {
      occurrences[recent[i]] = Math.abs(occurrences[recent[i]]);
    }
  }
}
