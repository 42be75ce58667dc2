package dev.lungo.lab;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.ModelFlops;
import dev.lungo.model.PositionScheme;
import dev.lungo.optim.Optimizer;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.BatchSource;
import dev.lungo.train.Budget;
import dev.lungo.train.ModelDial;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.ModelDial.Sizes;
import dev.lungo.train.Recipe;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.train.TrainingStep;
import java.util.List;
import java.util.OptionalLong;

/// Trains the small models of experiments, for a number of steps that is known before, so that a
/// result can be had again.
final class ShortTraining {
  /// The loss that is shown follows that of about so many steps.
  private static final int SMOOTHED_STEPS = 10;

  /// How long training is measured before it is announced, and less where few steps follow.
  private static final double MEASURED_SECONDS = 16;

  private static final double STEPS_FOR_A_SECOND = 8;

  /// Sees a step.
  @FunctionalInterface
  interface StepListener {
    void stepped(long step, double loss);
  }

  private ShortTraining() {}

  /// Describes a run of `train`'s recipe.
  static TrainingSettings settings(
      String corpus, int vocabulary, Sizes sizes, int batch, long steps, long seed, int threads) {
    return new TrainingSettings(
        corpus,
        "bpe",
        vocabulary,
        Architecture.LLAMA,
        sizes.depth(),
        sizes.width(),
        sizes.heads(),
        sizes.kvHeads(),
        sizes.context(),
        batch,
        1,
        1,
        steps,
        0,
        OptimizerChoice.MUON,
        0.02,
        0.01,
        Math.min(20, steps / 10),
        0.5,
        Decay.LINEAR,
        1,
        seed,
        threads,
        0,
        1,
        "\n");
  }

  /// Returns the Llama of the settings' sizes.
  ///
  /// @param vocabulary of the tokenizer, which may have come out smaller than was asked for
  static ModelConfig config(TrainingSettings settings, int vocabulary, PositionScheme positions) {
    return ModelDial.config(
        Architecture.LLAMA,
        new Sizes(
            settings.depth(),
            settings.width(),
            settings.heads(),
            settings.kvHeads(),
            vocabulary,
            settings.context()),
        positions);
  }

  /// Training on windows of one length, up to and with one step.
  record Stage(int context, long until) {}

  /// Returns the floating-point operations that training comes to in a second, as [ModelFlops]
  /// counts them, measured on a model that is thrown away; most of that time is the compiler's.
  static double flops(
      Kernels kernels, ModelConfig config, TrainingSettings settings, BatchSource batches) {
    long nanos = (long) (1e9 * Math.min(MEASURED_SECONDS, settings.steps() / STEPS_FOR_A_SECOND));
    long start = System.nanoTime();
    LanguageModel model = LanguageModel.create(config, true);
    List<Optimizer> optimizers = List.of();
    try {
      model.parameters().initialize(new RandomNumbers(settings.seed()));
      optimizers = Recipe.optimizers(kernels, model, settings);
      try (TrainingStep step = step(kernels, model, optimizers, settings, settings.context())) {
        long number = 1;
        for (; System.nanoTime() - start < nanos * 3 / 4; number++) {
          step.run(number, batches, 1);
        }
        long measured = System.nanoTime();
        long before = number;
        do {
          step.run(number++, batches, 1);
        } while (System.nanoTime() - start < nanos);
        double seconds = (System.nanoTime() - measured) / 1e9;
        double tokens = (double) (number - before) * settings.tokensPerStep();
        return tokens * ModelFlops.trainingPerToken(config, settings.context()) / seconds;
      }
    } finally {
      optimizers.forEach(Optimizer::close);
      model.close();
    }
  }

  private static TrainingStep step(
      Kernels kernels,
      LanguageModel model,
      List<Optimizer> optimizers,
      TrainingSettings settings,
      int context) {
    int rows = settings.batch() * settings.context() / context;
    return new TrainingStep(
        kernels, model, optimizers, rows, context, settings.microBatches(), settings.clip());
  }

  /// Trains a model from first values.
  static LanguageModel train(
      Kernels kernels,
      ModelConfig config,
      TrainingSettings settings,
      BatchSource batches,
      StepListener listener) {
    List<Stage> one = List.of(new Stage(settings.context(), settings.steps()));
    return train(kernels, config, settings, one, batches, listener);
  }

  /// Trains a model from first values on windows that change their length, a step on as many tokens
  /// as before.
  ///
  /// @param stages in their order, the last up to the settings' steps
  static LanguageModel train(
      Kernels kernels,
      ModelConfig config,
      TrainingSettings settings,
      List<Stage> stages,
      BatchSource batches,
      StepListener listener) {
    LanguageModel model = LanguageModel.create(config, true);
    model.parameters().initialize(new RandomNumbers(settings.seed()));
    List<Optimizer> optimizers = Recipe.optimizers(kernels, model, settings);
    Budget budget =
        new Budget(
            1,
            OptionalLong.of(settings.steps()),
            settings.warmup(),
            settings.decayShare(),
            settings.decay());
    double loss = Double.NaN;
    long number = 1;
    try {
      for (Stage stage : stages) {
        try (TrainingStep step = step(kernels, model, optimizers, settings, stage.context())) {
          for (; number <= stage.until(); number++) {
            double now = step.run(number, batches, budget.rateFactor(number)).loss();
            loss = Double.isNaN(loss) ? now : loss + (now - loss) / SMOOTHED_STEPS;
            listener.stepped(number, loss);
          }
        }
      }
      return model;
    } catch (RuntimeException failed) {
      model.close();
      throw failed;
    } finally {
      optimizers.forEach(Optimizer::close);
    }
  }
}
