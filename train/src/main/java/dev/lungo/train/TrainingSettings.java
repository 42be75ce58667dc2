package dev.lungo.train;

import dev.lungo.model.PositionScheme;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.ModelDial.Architecture;
import java.util.Objects;

/// Every setting of a training run: the flags of the command, the header that it prints, and what
/// the run's folder keeps.
///
/// @param corpus file or folder to learn from; empty means the source code of the running JDK
/// @param tokenizer `bpe` trains one (`bpe-code`, `bpe-words` and `bpe-gpt2` cut text in other
///   ways), `characters` takes one id a character, anything else is a tokenizer file to use
/// @param vocabulary tokens that a trained tokenizer has
/// @param depth the dial that other sizes follow; `width`, `heads` and `kvHeads` of 0 follow it
/// @param positions how the model knows where tokens stand
/// @param attention how attention is computed, and what each query sees
/// @param context positions of a training sequence, and the most that the model takes
/// @param dropout share of numbers dropped between the layers of a recurrent model
/// @param truncation the most steps that gradients of a recurrent model go back; 0 is all of the
///   context
/// @param batch sequences in a micro-batch; `microBatches` of them make a step
/// @param minutes of training, where `steps` and `tokens` are 0
/// @param steps to take; 0 leaves it to `tokens`, and 0 there to `minutes`
/// @param optimizer `muon` (with AdamW for what is no inner matrix) or `adamw` for everything
/// @param rate learning rate of the matrices (of everything, with `adamw`)
/// @param weightDecay of the matrices
/// @param warmup steps in which the rate rises
/// @param decayShare share of the run in which the rate falls to 0
/// @param clip the most that the gradients' norm may be
/// @param evaluateEvery steps between evaluations; 0 makes about ten of a run
/// @param evaluationTokens held-out tokens that an evaluation reads
/// @param samplePrompt what samples begin with
public record TrainingSettings(
    String corpus,
    String tokenizer,
    int vocabulary,
    Architecture architecture,
    int depth,
    int width,
    int heads,
    int kvHeads,
    PositionScheme positions,
    AttentionChoice attention,
    int context,
    double dropout,
    int truncation,
    int batch,
    int microBatches,
    double minutes,
    long steps,
    long tokens,
    OptimizerChoice optimizer,
    double rate,
    double weightDecay,
    long warmup,
    double decayShare,
    Decay decay,
    double clip,
    long seed,
    int threads,
    long evaluateEvery,
    long evaluationTokens,
    String samplePrompt) {

  /// What changes the parameters.
  public enum OptimizerChoice {
    MUON,
    ADAMW
  }

  /// Describes a run with the architecture's own positions, full attention and no dropout.
  public TrainingSettings(
      String corpus,
      String tokenizer,
      int vocabulary,
      Architecture architecture,
      int depth,
      int width,
      int heads,
      int kvHeads,
      int context,
      int batch,
      int microBatches,
      double minutes,
      long steps,
      long tokens,
      OptimizerChoice optimizer,
      double rate,
      double weightDecay,
      long warmup,
      double decayShare,
      Decay decay,
      double clip,
      long seed,
      int threads,
      long evaluateEvery,
      long evaluationTokens,
      String samplePrompt) {
    this(
        corpus,
        tokenizer,
        vocabulary,
        architecture,
        depth,
        width,
        heads,
        kvHeads,
        architecture.usualPositions(),
        AttentionChoice.USUAL,
        context,
        0,
        0,
        batch,
        microBatches,
        minutes,
        steps,
        tokens,
        optimizer,
        rate,
        weightDecay,
        warmup,
        decayShare,
        decay,
        clip,
        seed,
        threads,
        evaluateEvery,
        evaluationTokens,
        samplePrompt);
  }

  public TrainingSettings {
    // Runs of earlier versions do not say.
    positions = Objects.requireNonNullElse(positions, architecture.usualPositions());
    attention = Objects.requireNonNullElse(attention, AttentionChoice.USUAL);
    atLeast("vocabulary", vocabulary, 257);
    atLeast("depth", depth, 1);
    atLeast("context", context, 2);
    atLeast("batch", batch, 1);
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("dropout must be in [0, 1), but is " + dropout);
    }
    boolean recurrent =
        switch (architecture) {
          case LLAMA, GPT2 -> false;
          case RNN, RNN_RELU, LSTM, GRU -> true;
        };
    if (dropout > 0 && !recurrent) {
      throw new IllegalArgumentException(
          "only recurrent models are trained with dropout; leave --dropout out");
    }
    atLeast("truncate", truncation, 0);
    if (truncation > 0 && !recurrent) {
      throw new IllegalArgumentException(
          "only recurrent models go back through time; leave --truncate out");
    }
    atLeast("micro-batches", microBatches, 1);
    atLeast("threads", threads, 1);
    atLeast("steps", steps, 0);
    atLeast("tokens", tokens, 0);
    atLeast("warm-up", warmup, 0);
    atLeast("evaluate-every", evaluateEvery, 0);
    atLeast("evaluation-tokens", evaluationTokens, 1);
    positive("minutes", minutes);
    positive("learning rate", rate);
    positive("clip", clip);
    if (!(weightDecay >= 0)) {
      throw new IllegalArgumentException(
          "weight decay must not be negative, but is " + weightDecay);
    }
    if (!(decayShare > 0 && decayShare <= 1)) {
      throw new IllegalArgumentException("decay share must be in (0, 1], but is " + decayShare);
    }
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", but is " + value);
    }
  }

  private static void positive(String name, double value) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(name + " must be above 0, but is " + value);
    }
  }

  /// Returns the tokens that one step learns from.
  public long tokensPerStep() {
    return (long) batch * microBatches * context;
  }
}
