package dev.lungo.lab;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.KvCache;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;

/// Reads a long text through a key/value cache, block by block, and measures how well each token
/// was foreseen.
final class LongReading {
  private static final int BLOCK = 512;

  /// What a text cost.
  ///
  /// @param bitsPerByte of the text, without facts and questions
  /// @param found how many of the hidden values the model thought likeliest
  /// @param tokensPerSecond over the whole text
  /// @param lastTokensPerSecond over its last blocks
  record Result(
      double bitsPerByte, int found, double tokensPerSecond, double lastTokensPerSecond) {}

  /// Hears how many tokens are read.
  @FunctionalInterface
  interface Progress {
    void read(int tokens);
  }

  private LongReading() {}

  /// Reads a text.
  static Result of(
      Kernels kernels,
      LanguageModel model,
      KvCache cache,
      Passkeys.Hidden text,
      int[] bytesOfToken,
      Progress progress) {
    int count = text.ids().length - 1;
    float[] nats = new float[count];
    boolean[] likeliest = new boolean[count];
    long started = System.nanoTime();
    long lastStarted = started;
    int lastFrom = 0;
    try (Workspace workspace = new Workspace("long reading")) {
      for (int from = 0; from < count; ) {
        if (cache.isFull()) {
          // A context that is shorter than the text reads it in pieces that know nothing of
          // another.
          cache.restart(1);
        }
        int block = Math.min(Math.min(BLOCK, cache.room()), count - from);
        if (from < count - count / 8) {
          lastStarted = System.nanoTime();
          lastFrom = from;
        }
        workspace.reset();
        Pass pass = Pass.inference(kernels, workspace);
        Tensor ids = ids(workspace, text.ids(), from, block);
        Tensor hidden = model.hidden(pass, ids, Optional.of(cache));
        Tensor targets = ids(workspace, text.ids(), from + 1, block);
        CrossEntropy.Loss loss =
            CrossEntropy.linearCrossEntropy(pass, hidden, model.head(), targets);
        for (int i = 0; i < block; i++) {
          nats[from + i] = loss.perToken().data().getAtIndex(ValueLayout.JAVA_FLOAT, i);
        }
        if (from + block > text.asked() - 1) {
          mark(model.logits(pass, hidden), text.ids(), from, block, likeliest);
        }
        from += block;
        progress.read(from);
      }
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    double lastSeconds = (System.nanoTime() - lastStarted) / 1e9;
    return result(
        text, nats, likeliest, bytesOfToken, count / seconds, (count - lastFrom) / lastSeconds);
  }

  private static Tensor ids(Workspace workspace, int[] all, int from, int count) {
    return workspace
        .allocate(Shape.of(1, count), DType.INT32)
        .set(Arrays.copyOfRange(all, from, from + count));
  }

  private static void mark(Tensor logits, int[] ids, int from, int count, boolean[] likeliest) {
    int vocabulary = logits.shape().width();
    for (int i = 0; i < count; i++) {
      int best = 0;
      float most = Float.NEGATIVE_INFINITY;
      for (int id = 0; id < vocabulary; id++) {
        float logit = logits.data().getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * vocabulary + id);
        if (logit > most) {
          most = logit;
          best = id;
        }
      }
      likeliest[from + i] = best == ids[from + i + 1];
    }
  }

  private static Result result(
      Passkeys.Hidden text,
      float[] nats,
      boolean[] likeliest,
      int[] bytesOfToken,
      double rate,
      double lastRate) {
    double sum = 0;
    long bytes = 0;
    for (int i = 0; i < text.asked() - 1; i++) {
      // Nobody can foresee a fact that is told.
      if (!text.told()[i + 1]) {
        sum += nats[i];
        bytes += bytesOfToken[text.ids()[i + 1]];
      }
    }
    int found = 0;
    for (int answer : text.answers()) {
      // Position i predicts id i + 1.
      found += likeliest[answer - 1] ? 1 : 0;
    }
    return new Result(sum / (Math.log(2) * bytes), found, rate, lastRate);
  }
}
