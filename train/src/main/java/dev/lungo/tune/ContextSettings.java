package dev.lungo.tune;

import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;

/// How to extend a model's context.
///
/// @param context the new one
/// @param corpus text for training and for LongRoPE's search; empty means the source code of the
///   running JDK
/// @param steps of training on windows of the new context; 0 changes the configuration only
/// @param rate learning rate of AdamW
/// @param candidates that LongRoPE's search tries
public record ContextSettings(
    int context,
    ContextMethod method,
    String corpus,
    long steps,
    double rate,
    int candidates,
    long seed,
    int threads) {
  /// None is trained: the model has one.
  private static final int SMALLEST_VOCABULARY = 257;

  private static final double WEIGHT_DECAY = 0.01;

  public ContextSettings {
    if (context < 2) {
      throw new IllegalArgumentException("the context must be at least 2, but is " + context);
    }
    if (steps < 0) {
      throw new IllegalArgumentException("steps must not be negative, but are " + steps);
    }
    if (!(rate > 0 && rate < 1)) {
      throw new IllegalArgumentException("the learning rate must be in (0, 1), but is " + rate);
    }
    if (candidates < 3) {
      throw new IllegalArgumentException(
          "LongRoPE's search tries at least 3 candidates, not " + candidates);
    }
  }

  /// Returns the settings under which its text is read and its steps are taken, one window each.
  ///
  /// @param tokenizer the model's tokenizer file
  TrainingSettings training(String tokenizer) {
    return new TrainingSettings(
        corpus,
        tokenizer,
        SMALLEST_VOCABULARY,
        Architecture.LLAMA,
        1,
        0,
        0,
        0,
        context,
        1,
        1,
        1,
        Math.max(1, steps),
        0,
        OptimizerChoice.ADAMW,
        rate,
        WEIGHT_DECAY,
        Math.min(20, steps / 10),
        0.5,
        Decay.LINEAR,
        1,
        seed,
        threads,
        0,
        4L * context,
        "\n");
  }
}
