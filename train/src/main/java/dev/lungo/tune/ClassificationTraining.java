package dev.lungo.tune;

import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameters;
import dev.lungo.op.Pass;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.GradientNorm;
import dev.lungo.optim.Schedule;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Workspace;
import dev.lungo.train.MetricsLog;
import dev.lungo.tune.ClassificationData.Example;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Teaches a classifier: its head alone on states computed once, or the head together with adapters
/// or with the whole model.
final class ClassificationTraining {
  private static final double CLIP = 1;
  private static final double SMOOTHING = 0.05;

  /// Texts of so many batches are sorted by length before they are dealt out.
  private static final int SORTED_BATCHES = 16;

  private final Kernels kernels;
  private final Classifier classifier;
  private final ClassificationSettings settings;
  private final MetricsLog metrics;
  private final TuneListener listener;

  ClassificationTraining(
      Kernels kernels,
      Classifier classifier,
      ClassificationSettings settings,
      MetricsLog metrics,
      TuneListener listener) {
    this.kernels = kernels;
    this.classifier = classifier;
    this.settings = settings;
    this.metrics = metrics;
    this.listener = listener;
  }

  /// Learns the head alone.
  void trainHead(List<Example> examples) {
    long started = System.nanoTime();
    float[][] states =
        classifier.states(
            examples,
            done ->
                listener.progressed(
                    TuneListener.Progress.of(
                        "states", "texts", done, examples.size(), Double.NaN, started)));
    int[] classes = examples.stream().mapToInt(Example::label).toArray();
    int epochs = settings.chosenEpochs();
    long learning = System.nanoTime();
    SoftmaxRegression.fit(
        kernels,
        classifier.head(),
        states,
        classes,
        epochs,
        settings.chosenRate(),
        settings.seed(),
        done ->
            listener.progressed(
                TuneListener.Progress.of("head", "epochs", done, epochs, Double.NaN, learning)));
  }

  /// Learns the head and, with it, the parameters that already have gradients.
  ///
  /// @param others the adapters', or the model's
  /// @return the steps taken
  long train(List<Example> examples, Parameters others) throws IOException {
    double rate = settings.chosenRate();
    int perEpoch = (examples.size() + settings.batch() - 1) / settings.batch();
    long total = (long) perEpoch * settings.chosenEpochs();
    Schedule schedule =
        new Schedule(Math.min(20, total / 10), total / 4, total, 0, Schedule.Decay.LINEAR);
    long started = System.nanoTime();
    double smoothed = Double.NaN;
    long step = 0;
    try (Workspace workspace = new Workspace("classification step");
        AdamW optimizer =
            new AdamW(kernels)
                .add(others.all(), adam(rate))
                .add(classifier.head().all(), adam(rate))) {
      for (int epoch = 0; epoch < settings.chosenEpochs(); epoch++) {
        for (List<Example> batch : batches(examples, epoch)) {
          step++;
          double factor = schedule.factor(step);
          double loss = step(workspace, optimizer, others, batch, step, factor);
          smoothed = Double.isNaN(smoothed) ? loss : smoothed + SMOOTHING * (loss - smoothed);
          listener.progressed(
              TuneListener.Progress.of("learning", "steps", step, total, smoothed, started));
        }
      }
    }
    return step;
  }

  private static AdamW.Settings adam(double rate) {
    return new AdamW.Settings(rate, 0.9, 0.999, 1e-8, 0);
  }

  private double step(
      Workspace workspace,
      AdamW optimizer,
      Parameters others,
      List<Example> batch,
      long step,
      double factor)
      throws IOException {
    long started = System.nanoTime();
    workspace.reset();
    others.zeroGradients();
    classifier.head().zeroGradients();
    Pass pass = Pass.training(kernels, workspace);
    var mean = classifier.loss(pass, batch);
    double loss = mean.at(0);
    pass.backward(mean);
    double norm =
        Math.hypot(GradientNorm.of(kernels, others), GradientNorm.of(kernels, classifier.head()));
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      metrics.add(new MetricsLog.Skipped(step));
      throw new IOException(
          "step "
              + step
              + ": the loss is "
              + loss
              + " and the gradients' norm "
              + norm
              + ", which are no numbers to learn from; lower --rate");
    }
    optimizer.step(step, GradientNorm.scale(norm, CLIP), factor);
    double seconds = (System.nanoTime() - started) / 1e9;
    long tokens = batch.stream().mapToLong(example -> example.ids().length).sum();
    metrics.add(
        new MetricsLog.Step(
            step, loss, norm, settings.chosenRate() * factor, tokens / seconds, seconds));
    return loss;
  }

  /// Shuffles the texts and puts those of about one length together.
  private List<List<Example>> batches(List<Example> examples, int epoch) {
    int[] order =
        SoftmaxRegression.shuffled(examples.size(), RandomNumbers.mix(settings.seed() + epoch));
    List<List<Example>> batches = new ArrayList<>();
    int group = SORTED_BATCHES * settings.batch();
    for (int from = 0; from < order.length; from += group) {
      List<Example> sorted = new ArrayList<>();
      for (int i = from; i < Math.min(order.length, from + group); i++) {
        sorted.add(examples.get(order[i]));
      }
      sorted.sort(Comparator.comparingInt(example -> example.ids().length));
      for (int at = 0; at < sorted.size(); at += settings.batch()) {
        batches.add(sorted.subList(at, Math.min(sorted.size(), at + settings.batch())));
      }
    }
    int[] dealt =
        SoftmaxRegression.shuffled(
            batches.size(), RandomNumbers.mix(settings.seed() + epoch + 0x5eedL));
    List<List<Example>> shuffled = new ArrayList<>();
    for (int index : dealt) {
      shuffled.add(batches.get(index));
    }
    return shuffled;
  }
}
