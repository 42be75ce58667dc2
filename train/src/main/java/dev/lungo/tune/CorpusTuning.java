package dev.lungo.tune;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameters;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Optimizer;
import dev.lungo.train.Budget;
import dev.lungo.train.Curve;
import dev.lungo.train.Evaluation;
import dev.lungo.train.Machine;
import dev.lungo.train.MemoryEstimate;
import dev.lungo.train.MetricsLog;
import dev.lungo.train.Provenance;
import dev.lungo.train.Recipe;
import dev.lungo.train.RunData;
import dev.lungo.train.RunFolder;
import dev.lungo.train.RunReport;
import dev.lungo.train.ShardBatches;
import dev.lungo.train.TemporaryData;
import dev.lungo.train.TrainingLoop;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingStep;
import dev.lungo.weights.ModelConfigJson;
import dev.lungo.weights.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/// Lets a trained model go on learning to predict text, of another kind than it was trained on:
/// every parameter, or low-rank adapters that are merged in the end.
public final class CorpusTuning implements TrainingLoop.Listener {
  private static final String ADAPTER = "adapter";
  private static final int EVALUATIONS = 5;

  private final CorpusSettings settings;
  private final String version;
  private final TuneListener listener;
  private final MetricsLog metrics;
  private final long started = System.nanoTime();

  /// What came of it; bits per byte are those of text held out from the corpus.
  ///
  /// @param model the new folder
  /// @param trainedParameters of `parameters` in all
  public record Outcome(
      String model,
      String method,
      long steps,
      long tokens,
      long trainedParameters,
      long parameters,
      double bitsPerByteBefore,
      double bitsPerByte,
      double seconds) {}

  private CorpusTuning(
      CorpusSettings settings, String version, TuneListener listener, MetricsLog metrics) {
    this.settings = settings;
    this.version = version;
    this.listener = listener;
    this.metrics = metrics;
  }

  /// Tunes a model.
  ///
  /// @param folder new or empty
  /// @param version of Lungo, for the record
  public static Outcome run(
      Path folder, CorpusSettings settings, String version, TuneListener listener)
      throws IOException {
    Path base = Path.of(settings.model());
    try (RunFolder owned = RunFolder.create(folder);
        Kernels kernels = KernelChoice.open(settings.threads());
        LanguageModel model = BaseModel.open(base, settings.method());
        MetricsLog metrics = MetricsLog.create(folder.resolve(MetricsLog.FILE))) {
      TrainingSettings training =
          settings.training(base.resolve("tokenizer.json").toString(), model.config().context());
      try (TemporaryData data = TemporaryData.prepare(training, listener::phase)) {
        CorpusTuning tuning = new CorpusTuning(settings, version, listener, metrics);
        return tuning.tune(owned, base, kernels, model, data.data(), training);
      }
    }
  }

  private Outcome tune(
      RunFolder folder,
      Path base,
      Kernels kernels,
      LanguageModel model,
      RunData data,
      TrainingSettings training)
      throws IOException {
    Instant begun = Instant.now();
    try (Evaluation evaluation = evaluation(kernels, model, data, training)) {
      double before = evaluation.run().bitsPerByte();
      listener.phase("before", String.format(Locale.ROOT, "%.4f bits per byte", before));
      long trained =
          switch (settings.method()) {
            case LORA -> withAdapters(folder.path(), kernels, model, data, training, evaluation);
            case FULL, FROZEN -> {
              List<Optimizer> optimizers = Recipe.optimizers(kernels, model, training);
              Parameters all = model.parameters();
              learn(kernels, model, all, optimizers, data, training, evaluation);
              yield all.count();
            }
          };
      Outcome outcome =
          new Outcome(
              folder.path().toString(),
              settings.method().name().toLowerCase(Locale.ROOT),
              settings.steps(),
              settings.steps() * training.tokensPerStep(),
              trained,
              model.parameters().count(),
              before,
              evaluation.run().bitsPerByte(),
              (System.nanoTime() - started) / 1e9);
      folder.keep();
      save(folder.path(), base, kernels, model, data, begun, outcome);
      return outcome;
    }
  }

  private static Evaluation evaluation(
      Kernels kernels, LanguageModel model, RunData data, TrainingSettings training) {
    long batches =
        ShardBatches.heldOutBatches(
            data.heldOut(), training.batch(), training.context(), training.evaluationTokens());
    return new Evaluation(
        kernels,
        model,
        ShardBatches.heldOut(data.heldOut(), batches),
        batches,
        training.batch(),
        training.context(),
        data.tokenizer().byteCounts());
  }

  private long withAdapters(
      Path path,
      Kernels kernels,
      LanguageModel model,
      RunData data,
      TrainingSettings training,
      Evaluation evaluation)
      throws IOException {
    LowRankAdapters.Settings shape =
        new LowRankAdapters.Settings(settings.rank(), settings.alpha(), settings.targets());
    try (LowRankAdapters adapters = new LowRankAdapters(model, shape, settings.seed())) {
      AdamW optimizer =
          new AdamW(kernels)
              .add(
                  adapters.parameters().all(),
                  new AdamW.Settings(settings.chosenRate(), 0.9, 0.999, 1e-8, 0));
      learn(kernels, model, adapters.parameters(), List.of(optimizer), data, training, evaluation);
      adapters.save(path.resolve(ADAPTER), settings.model(), "CAUSAL_LM");
      adapters.merge(kernels);
      return adapters.parameters().count();
    }
  }

  /// Trains until the steps are taken.
  ///
  /// @throws IllegalArgumentException if there is no memory for it
  private void learn(
      Kernels kernels,
      LanguageModel model,
      Parameters trained,
      List<Optimizer> optimizers,
      RunData data,
      TrainingSettings training,
      Evaluation evaluation)
      throws IOException {
    MemoryEstimate memory =
        MemoryEstimate.ofTuning(
            model.config(), trained.count(), training.batch(), training.context());
    memory.check();
    listener.phase("memory", memory.toString());
    Budget budget =
        new Budget(
            1,
            OptionalLong.of(settings.steps()),
            training.warmup(),
            training.decayShare(),
            training.decay());
    try (TrainingStep step =
        new TrainingStep(
            kernels,
            model,
            trained,
            optimizers,
            training.batch(),
            training.context(),
            1,
            training.clip())) {
      TrainingLoop.End end =
          new TrainingLoop(
                  step,
                  ShardBatches.training(data.training(), settings.seed()),
                  budget,
                  evaluation,
                  training.tokensPerStep(),
                  Math.max(1, settings.steps() / EVALUATIONS),
                  OptionalLong.empty(),
                  this)
              .run(0, 0);
      if (end == TrainingLoop.End.DIVERGED) {
        throw new IOException(
            "too many steps in a row had a loss that is no number; lower --rate from "
                + settings.chosenRate());
      }
    } finally {
      optimizers.forEach(Optimizer::close);
    }
  }

  @Override
  public void stepped(TrainingLoop.Progress now) throws IOException {
    if (Double.isFinite(now.loss())) {
      metrics.add(
          new MetricsLog.Step(
              now.step(),
              now.loss(),
              now.gradientNorm(),
              settings.chosenRate() * now.rateFactor(),
              now.tokensPerSecond(),
              now.elapsedSeconds()));
    }
    listener.progressed(
        new TuneListener.Progress(
            "learning",
            "tokens",
            now.step(),
            settings.steps(),
            now.smoothedLoss(),
            now.tokensPerSecond(),
            now.remainingSeconds()));
  }

  @Override
  public void skipped(long step, double loss, double gradientNorm) throws IOException {
    metrics.add(new MetricsLog.Skipped(step));
    listener.phase("warning", "step " + step + " is skipped: its loss is " + loss);
  }

  @Override
  public void evaluated(TrainingLoop.Progress now, Evaluation.Result result) throws IOException {
    metrics.add(
        new MetricsLog.Held(now.step(), result.loss(), result.bitsPerByte(), now.elapsedSeconds()));
    listener.phase(
        "step " + now.step(),
        String.format(Locale.ROOT, "%.4f bits per byte", result.bitsPerByte()));
  }

  @Override
  public void between(TrainingLoop.Progress progress, boolean last) {}

  private void save(
      Path path,
      Path base,
      Kernels kernels,
      LanguageModel model,
      RunData data,
      Instant begun,
      Outcome outcome)
      throws IOException {
    BaseModel.copyCompanions(base, path);
    data.tokenizer().save(path.resolve("tokenizer.json"));
    ModelFolder.save(path, model, ModelConfigJson.readSpecialTokens(base));
    new Provenance(
            settings,
            settings.seed(),
            new Provenance.Data(data.source(), "", data.training().size(), data.heldOut().size()),
            data.tokenizer().fingerprint(),
            Machine.current(kernels.description()),
            version,
            begun,
            Optional.of(Instant.now()),
            Provenance.asMap(outcome))
        .write(path);
    List<MetricsLog.Event> events = MetricsLog.read(path.resolve(MetricsLog.FILE));
    new RunReport(
            String.valueOf(path.getFileName()),
            Provenance.asMap(outcome),
            List.of(Curve.valBitsPerByte(events), Curve.loss(events)),
            List.of(),
            Provenance.asMap(settings),
            nextCommands(path.toString()))
        .write(path);
  }

  /// Returns commands to try with a tuned model.
  public static List<String> nextCommands(String model) {
    return List.of(
        "./lungo generate " + model + " --prompt 'The ' -n 100",
        "./lungo perplexity " + model + " --text FILE");
  }
}
