package dev.lungo.generate;

import dev.lungo.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Takes down the log-probabilities of chosen tokens.
final class LogProbs {
  private final Tokenizer tokenizer;
  private final int top;
  private final float[] scores;
  private final int[] all;
  private final CandidateHeap heap;
  private final List<TokenLogProbs> tokens = new ArrayList<>();

  /// @param top how many alternatives to keep of each token
  LogProbs(Tokenizer tokenizer, int vocabulary, int top) {
    if (top < 0 || top > vocabulary) {
      throw new IllegalArgumentException(
          "alternatives must be between 0 and the vocabulary's " + vocabulary + ", but are " + top);
    }
    this.tokenizer = tokenizer;
    this.top = top;
    scores = new float[vocabulary];
    all = new int[top == 0 ? 0 : vocabulary];
    for (int id = 0; id < all.length; id++) {
      all[id] = id;
    }
    heap = new CandidateHeap(scores);
  }

  /// Takes down a token.
  ///
  /// @param logits (V), of its place
  void record(MemorySegment logits, int id) {
    MemorySegment.copy(logits, ValueLayout.JAVA_FLOAT, 0, scores, 0, scores.length);
    double normalizer = logSumExp(scores);
    List<TokenLogProbs.Alternative> alternatives = new ArrayList<>(top);
    if (top > 0) {
      heap.fill(all, all.length);
      for (int i = 0; i < top; i++) {
        int other = heap.pop();
        alternatives.add(
            new TokenLogProbs.Alternative(other, text(other), scores[other] - normalizer));
      }
    }
    tokens.add(new TokenLogProbs(id, text(id), scores[id] - normalizer, alternatives));
  }

  List<TokenLogProbs> tokens() {
    return List.copyOf(tokens);
  }

  private String text(int id) {
    // Models may have more logits than their tokenizer has tokens.
    return id < tokenizer.vocabularySize()
        ? new String(tokenizer.bytesOf(id), StandardCharsets.UTF_8)
        : "";
  }

  /// Returns log Σ exp of all scores.
  static double logSumExp(float[] scores) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float score : scores) {
      largest = Math.max(largest, score);
    }
    double sum = 0;
    for (float score : scores) {
      sum += StrictMath.exp(score - (double) largest);
    }
    return largest + StrictMath.log(sum);
  }
}
