package dev.lungo.tune;

import dev.lungo.optim.Schedule.Decay;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.tune.ClassificationSettings.Method;
import java.util.List;

/// How a model goes on learning from other text.
///
/// @param model folder of the base model
/// @param corpus what it learns from
/// @param method `LORA` or `FULL`
/// @param rank and `alpha` of the adapters, with `LORA`
/// @param targets layers with adapters; empty for all
/// @param steps to take
/// @param batch windows in a step
/// @param rate learning rate of AdamW; 0 chooses by method
public record CorpusSettings(
    String model,
    String corpus,
    Method method,
    int rank,
    double alpha,
    List<String> targets,
    long steps,
    int batch,
    double rate,
    long seed,
    int threads) {
  private static final int SMALLEST_VOCABULARY = 257;
  private static final long EVALUATION_TOKENS = 40_960;

  public CorpusSettings {
    if (method == Method.FROZEN) {
      throw new IllegalArgumentException(
          "--method frozen trains a classifier's head alone; text is learned with lora or full");
    }
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, but are " + steps);
    }
    targets = List.copyOf(targets);
  }

  double chosenRate() {
    return rate > 0 ? rate : method == Method.LORA ? 0.003 : 0.0005;
  }

  /// Returns the settings under which its text is read and its steps are taken.
  ///
  /// @param tokenizer the model's tokenizer file
  /// @param context positions of a window
  TrainingSettings training(String tokenizer, int context) {
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
        batch,
        1,
        1,
        steps,
        0,
        OptimizerChoice.ADAMW,
        chosenRate(),
        0,
        Math.min(20, steps / 10),
        0.5,
        Decay.LINEAR,
        1,
        seed,
        threads,
        0,
        EVALUATION_TOKENS,
        "\n");
  }
}
