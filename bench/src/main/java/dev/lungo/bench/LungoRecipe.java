package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.BatchSource;
import dev.lungo.train.Budget;
import dev.lungo.train.Evaluation;
import dev.lungo.train.ModelDial;
import dev.lungo.train.ModelDial.Sizes;
import dev.lungo.train.Recipe;
import dev.lungo.train.ShardBatches;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// The recipe of `./lungo train`, with its settings.
final class LungoRecipe implements SpeedrunContestant {
  private final TrainingSettings settings;
  private final Kernels kernels;
  private final LanguageModel model;
  private final List<Optimizer> optimizers;
  private final TrainingStep step;
  private final Evaluation evaluation;
  private final BatchSource batches;
  private final Budget budget;
  private final List<Point> points = new ArrayList<>();
  private double trainedSeconds;
  private long steps;

  LungoRecipe(TrainingSettings settings, SpeedrunData data) {
    this.settings = settings;
    int batch = settings.batch();
    int context = settings.context();
    kernels = KernelChoice.open(settings.threads());
    model =
        LanguageModel.create(
            ModelDial.config(
                settings.architecture(),
                new Sizes(
                    settings.depth(),
                    settings.width(),
                    settings.heads(),
                    settings.kvHeads(),
                    data.tokenizer().vocabularySize(),
                    context)),
            true);
    model.parameters().initialize(new RandomNumbers(settings.seed()));
    optimizers = Recipe.optimizers(kernels, model, settings);
    step =
        new TrainingStep(
            kernels, model, optimizers, batch, context, settings.microBatches(), settings.clip());
    long heldOut =
        ShardBatches.heldOutBatches(data.heldOut(), batch, context, settings.evaluationTokens());
    evaluation =
        new Evaluation(
            kernels,
            model,
            ShardBatches.heldOut(data.heldOut(), heldOut),
            heldOut,
            batch,
            context,
            data.tokenizer().byteCounts());
    batches = ShardBatches.training(data.training(), settings.seed());
    budget =
        new Budget(
            settings.minutes() * 60,
            OptionalLong.empty(),
            settings.warmup(),
            settings.decayShare(),
            settings.decay());
  }

  @Override
  public String name() {
    return String.format(
        Locale.ROOT,
        "Lungo, %s %s, depth %d, %,d parameters",
        settings.optimizer().name().toLowerCase(Locale.ROOT),
        settings.rate(),
        settings.depth(),
        model.parameters().count());
  }

  @Override
  public boolean isDone() {
    return budget.isSpent(steps);
  }

  @Override
  public void slice(double seconds) {
    double end = trainedSeconds + seconds;
    while (trainedSeconds < end && !isDone()) {
      long start = System.nanoTime();
      steps++;
      step.run(steps, batches, budget.rateFactor(steps));
      trainedSeconds += (System.nanoTime() - start) / 1e9;
      budget.advance(steps, trainedSeconds);
    }
    points.add(new Point(trainedSeconds, steps, evaluation.run().bitsPerByte()));
  }

  @Override
  public List<Point> points() {
    return points;
  }

  @Override
  public void close() {
    evaluation.close();
    step.close();
    optimizers.forEach(Optimizer::close);
    model.close();
    kernels.close();
  }
}
