package dev.lungo.train;

import dev.lungo.file.AtomicFiles;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelFlops;
import dev.lungo.optim.Optimizer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// A run whose data, model and optimizers are open: keeps its folder up to date while the loop goes
/// on.
final class ActiveRun implements TrainingLoop.Listener, AutoCloseable {
  /// Evaluations in a run of known length, if nothing else is asked for.
  private static final int EVALUATIONS = 10;

  /// Steps between evaluations of a run that is bounded by time.
  private static final int TIMED_EVALUATION_STEPS = 100;

  private static final int SAMPLES = 4;

  private final TrainingSettings settings;
  private final RunFolder folder;
  private final RunData data;
  private final Kernels kernels;
  private final LanguageModel model;
  private final List<Optimizer> optimizers;
  private final String version;
  private final RunListener listener;
  private final double peakFlops;
  private final double flopsPerToken;
  private final List<RunReport.Sample> samples = new ArrayList<>();
  private Checkpoint.Position position = new Checkpoint.Position(0, 0, OptionalLong.empty());
  private Budget budget;
  private @Nullable MetricsLog metrics;
  private @Nullable Provenance provenance;
  private TrainingLoop.@Nullable Progress progress;
  private Evaluation.Result held = new Evaluation.Result(Double.NaN, Double.NaN, 0, 0);
  private int samplesDrawn;

  ActiveRun(
      TrainingSettings settings,
      RunFolder folder,
      RunData data,
      Kernels kernels,
      LanguageModel model,
      List<Optimizer> optimizers,
      String version,
      RunListener listener) {
    this.settings = settings;
    this.folder = folder;
    this.data = data;
    this.kernels = kernels;
    this.model = model;
    this.optimizers = optimizers;
    this.version = version;
    this.listener = listener;
    this.peakFlops = kernels.measurePeak().flops();
    this.flopsPerToken = ModelFlops.trainingPerToken(model.config(), settings.context());
    this.budget = budget(OptionalLong.empty());
  }

  private Budget budget(OptionalLong known) {
    OptionalLong total = known;
    if (settings.steps() > 0) {
      total = OptionalLong.of(settings.steps());
    } else if (settings.tokens() > 0) {
      long perStep = settings.tokensPerStep();
      total = OptionalLong.of(Math.max(1, (settings.tokens() + perStep - 1) / perStep));
    }
    return new Budget(
        settings.minutes() * 60, total, settings.warmup(), settings.decayShare(), settings.decay());
  }

  /// Writes what a new run's folder holds before the first step.
  void begin() throws IOException {
    Path path = folder.path();
    writeTokenizerConfig(path);
    metrics = MetricsLog.create(path.resolve(MetricsLog.FILE));
    provenance =
        new Provenance(
            settings,
            settings.seed(),
            new Provenance.Data(
                data.source(), RunData.hash(path), data.training().size(), data.heldOut().size()),
            data.tokenizer().fingerprint(),
            Machine.current(kernels.description()),
            version,
            Instant.now(),
            Optional.empty(),
            Map.of());
    provenance.write(path);
    Checkpoint.save(path.resolve(Checkpoint.FILE), position, model, optimizers);
  }

  /// Restores a run that was stopped.
  void resume() throws IOException {
    Path path = folder.path();
    position = Checkpoint.load(path.resolve(Checkpoint.FILE), model, optimizers);
    budget = budget(position.totalSteps());
    metrics = MetricsLog.resume(path.resolve(MetricsLog.FILE), position.step());
    provenance =
        new Provenance(
            settings,
            settings.seed(),
            Provenance.readField(path, "data", Provenance.Data.class),
            data.tokenizer().fingerprint(),
            Machine.current(kernels.description()),
            version,
            Instant.parse(Provenance.readField(path, "started", String.class)),
            Optional.empty(),
            Map.of());
    listener.phase("resumed", "after step " + position.step());
  }

  /// Trains to the end, or until told to stop.
  TrainingRun.Outcome train(OptionalLong stopAfter, MemoryEstimate estimate) throws IOException {
    long batches =
        ShardBatches.heldOutBatches(
            data.heldOut(), settings.batch(), settings.context(), settings.evaluationTokens());
    long firstStep = position.step();
    double secondsBefore = position.elapsedSeconds();
    try (TrainingStep step =
            new TrainingStep(
                kernels,
                model,
                optimizers,
                settings.batch(),
                settings.context(),
                settings.microBatches(),
                settings.clip());
        Evaluation evaluation =
            new Evaluation(
                kernels,
                model,
                ShardBatches.heldOut(data.heldOut(), batches),
                batches,
                settings.batch(),
                settings.context(),
                data.tokenizer().byteCounts())) {
      BatchSource training = ShardBatches.training(data.training(), settings.seed());
      TrainingLoop loop =
          new TrainingLoop(
              step,
              training,
              budget,
              evaluation,
              settings.tokensPerStep(),
              evaluateEvery(),
              stopAfter,
              this);
      folder.keep();
      TrainingLoop.End end = loop.run(firstStep, secondsBefore);
      return finish(end, firstStep, secondsBefore, estimate, step.peakBytes());
    }
  }

  private long evaluateEvery() {
    if (settings.evaluateEvery() > 0) {
      return settings.evaluateEvery();
    }
    return budget.total().isPresent()
        ? Math.max(1, budget.total().getAsLong() / EVALUATIONS)
        : TIMED_EVALUATION_STEPS;
  }

  @Override
  public void stepped(TrainingLoop.Progress now) throws IOException {
    progress = now;
    if (Double.isFinite(now.loss())) {
      metrics()
          .add(
              new MetricsLog.Step(
                  now.step(),
                  now.loss(),
                  now.gradientNorm(),
                  settings.rate() * now.rateFactor(),
                  now.tokensPerSecond(),
                  now.elapsedSeconds()));
    }
    listener.stepped(now, shareOfPeak(now.tokensPerSecond()));
  }

  @Override
  public void skipped(long step, double loss, double gradientNorm) throws IOException {
    metrics().add(new MetricsLog.Skipped(step));
    listener.warned(
        "step "
            + step
            + " is skipped, parameters stay as they are: loss "
            + loss
            + ", gradient norm "
            + gradientNorm);
  }

  @Override
  public void evaluated(TrainingLoop.Progress now, Evaluation.Result result) throws IOException {
    held = result;
    metrics()
        .add(
            new MetricsLog.Held(
                now.step(), result.loss(), result.bitsPerByte(), now.elapsedSeconds()));
    metrics().force();
    listener.evaluated(now, shareOfPeak(now.tokensPerSecond()));
    if (Double.isFinite(result.loss())) {
      position = new Checkpoint.Position(now.step(), now.elapsedSeconds(), now.totalSteps());
      Checkpoint.save(folder.path().resolve(Checkpoint.FILE), position, model, optimizers);
    }
  }

  @Override
  public void between(TrainingLoop.Progress now, boolean last) {
    if (last || now.fraction() * SAMPLES >= samplesDrawn + 1) {
      samplesDrawn = (int) (now.fraction() * SAMPLES);
      String text =
          SampleText.continuation(kernels, model, data.tokenizer(), settings.samplePrompt());
      samples.add(new RunReport.Sample(now.step(), settings.samplePrompt(), text));
      listener.sampled(now.step(), settings.samplePrompt(), text);
    }
  }

  private OptionalDouble shareOfPeak(double tokensPerSecond) {
    return OptionalDouble.of(tokensPerSecond * flopsPerToken / peakFlops);
  }

  private TrainingRun.Outcome finish(
      TrainingLoop.End end,
      long firstStep,
      double secondsBefore,
      MemoryEstimate estimate,
      long activations)
      throws IOException {
    Path path = folder.path();
    TrainingLoop.Progress reached = progress;
    if (reached == null) {
      throw new IllegalArgumentException(
          "the run in " + path + " is finished; train a new one, or see its " + RunReport.FILE);
    }
    if (end == TrainingLoop.End.DIVERGED) {
      position = Checkpoint.load(path.resolve(Checkpoint.FILE), model, optimizers);
    }
    ModelFolder.save(path, model, specialTokens());
    long steps = reached.step();
    double rate =
        (steps - firstStep) * settings.tokensPerStep() / (reached.elapsedSeconds() - secondsBefore);
    TrainingRun.Outcome outcome =
        new TrainingRun.Outcome(
            path.toString(),
            end,
            steps,
            steps * settings.tokensPerStep(),
            model.parameters().count(),
            reached.smoothedLoss(),
            held.loss(),
            held.bitsPerByte(),
            rate,
            shareOfPeak(rate).orElse(Double.NaN),
            reached.elapsedSeconds(),
            estimate.total(),
            estimate.parameters() + estimate.optimizer() + activations);
    Map<String, Object> results = results(outcome);
    if (provenance != null) {
      provenance.ended(Instant.now(), results).write(path);
    }
    report(path, results);
    return outcome;
  }

  private static Map<String, Object> results(TrainingRun.Outcome outcome) {
    Map<String, Object> results = new LinkedHashMap<>();
    results.put("end", outcome.end().toString());
    results.put("steps", outcome.steps());
    results.put("tokens", outcome.tokens());
    results.put("parameters", outcome.parameters());
    results.put("valBitsPerByte", outcome.valBitsPerByte());
    results.put("valLoss", outcome.valLoss());
    results.put("tokensPerSecond", outcome.tokensPerSecond());
    results.put("trainingSeconds", outcome.trainingSeconds());
    return results;
  }

  private void report(Path path, Map<String, Object> results) throws IOException {
    List<MetricsLog.Event> events = MetricsLog.read(path.resolve(MetricsLog.FILE));
    new RunReport(
            String.valueOf(path.getFileName()),
            results,
            List.of(Curve.valBitsPerByte(events), Curve.loss(events)),
            samples,
            Provenance.asMap(settings),
            TrainingRun.nextCommands(path.toString()))
        .write(path);
  }

  private SpecialTokenIds specialTokens() {
    Tokenizer tokenizer = data.tokenizer();
    List<Integer> ends = new ArrayList<>();
    tokenizer.endOfText().ifPresent(ends::add);
    return new SpecialTokenIds(OptionalInt.empty(), ends, OptionalInt.empty());
  }

  private void writeTokenizerConfig(Path path) throws IOException {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    config.put("model_max_length", settings.context());
    data.tokenizer()
        .endOfText()
        .ifPresent(id -> config.put("eos_token", data.tokenizer().nameOf(id)));
    AtomicFiles.writeString(
        path.resolve("tokenizer_config.json"),
        JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(config)
            + "\n");
  }

  private MetricsLog metrics() {
    MetricsLog open = metrics;
    if (open == null) {
      throw new IllegalStateException("a run must begin or resume before it trains");
    }
    return open;
  }

  @Override
  public void close() throws IOException {
    if (metrics != null) {
      metrics.close();
    }
  }
}
