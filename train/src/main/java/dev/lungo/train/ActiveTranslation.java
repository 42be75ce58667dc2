package dev.lungo.train;

import dev.lungo.file.AtomicFiles;
import dev.lungo.generate.Translation;
import dev.lungo.generate.TranslationText;
import dev.lungo.generate.Translator;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.TranslationBatch.Pair;
import dev.lungo.optim.InverseRootSchedule;
import dev.lungo.optim.Optimizer;
import dev.lungo.weights.EncoderDecoderFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// A run that learns to translate, with data, model and optimizers open: the loop, and the folder
/// that it keeps up to date.
final class ActiveTranslation implements AutoCloseable {
  private static final int EVALUATIONS = 10;

  /// Translating takes as long as several steps.
  private static final int FEWEST_EVALUATION_STEPS = 50;

  private static final int TIMED_EVALUATION_STEPS = 200;

  /// Pairs of an evaluation on the way; the last one takes more.
  private static final int PAIRS = 200;

  private static final int SAMPLES = 3;
  private static final double SMOOTHING = 0.1;

  private final TranslationSettings settings;
  private final RunFolder folder;
  private final TranslationData data;
  private final EncoderDecoder model;
  private final List<Optimizer> optimizers;
  private final RunListener listener;
  private final String version;
  private final Kernels kernels;
  private final PairBatches batches;
  private final TranslationStep trainingStep;
  private final Translator translator;
  private final TranslationEvaluation evaluation;
  private final List<RunReport.Sample> samples = new ArrayList<>();
  private Checkpoint.Position position = new Checkpoint.Position(0, 0, OptionalLong.empty());
  private Budget budget;
  private long tokens;
  private double smoothed = Double.NaN;
  private OptionalDouble valBitsPerByte = OptionalDouble.empty();
  private @Nullable MetricsLog metrics;
  private @Nullable Provenance provenance;

  ActiveTranslation(
      TranslationSettings settings,
      RunFolder folder,
      TranslationData data,
      Kernels kernels,
      EncoderDecoder model,
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
    this.budget = budget(OptionalLong.empty());
    batches = new PairBatches(data, settings.batchTokens(), settings.seed());
    trainingStep =
        new TranslationStep(
            kernels,
            model,
            optimizers,
            (float) settings.dropout(),
            (float) settings.smoothing(),
            settings.clip(),
            settings.seed());
    translator = new Translator(kernels, model, new TranslationText.Shared(data.tokenizer()));
    evaluation = new TranslationEvaluation(kernels, model, translator, data.heldOut());
  }

  private Budget budget(OptionalLong known) {
    OptionalLong total = settings.steps() > 0 ? OptionalLong.of(settings.steps()) : known;
    return new Budget(
        settings.minutes() * 60, total, settings.warmup(), settings.decayShare(), settings.decay());
  }

  /// Writes what a new run's folder holds before the first step.
  void begin() throws IOException {
    Path path = folder.path();
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    config.put("model_max_length", settings.longest() + 1);
    config.put("eos_token", TranslationData.END);
    config.put("bos_token", TranslationData.START);
    AtomicFiles.writeString(
        path.resolve("tokenizer_config.json"),
        JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(config)
            + "\n");
    metrics = MetricsLog.create(path.resolve(MetricsLog.FILE));
    provenance = provenance(data.provenance(), Instant.now());
    provenance.write(path);
    Checkpoint.save(path.resolve(Checkpoint.FILE), position, model.parameters(), optimizers);
    // From here on the folder says what it is, so that the run can be resumed.
    EncoderDecoderFolder.save(path, model);
  }

  /// Restores a run that was stopped.
  void resume() throws IOException {
    Path path = folder.path();
    Provenance.Data read = Provenance.readField(path, "data", Provenance.Data.class);
    if (!read.hash().equals(data.provenance().hash())) {
      throw new IOException(
          read.source() + " is not what the run in " + path + " began with; it cannot go on");
    }
    position = Checkpoint.load(path.resolve(Checkpoint.FILE), model.parameters(), optimizers);
    budget = budget(position.totalSteps());
    metrics = MetricsLog.resume(path.resolve(MetricsLog.FILE), position.step());
    provenance =
        provenance(read, Instant.parse(Provenance.readField(path, "started", String.class)));
    listener.phase("resumed", "after step " + position.step());
  }

  private Provenance provenance(Provenance.Data read, Instant started) {
    return new Provenance(
        settings,
        settings.seed(),
        read,
        data.tokenizer().fingerprint(),
        Machine.current(kernels.description()),
        version,
        started,
        Optional.empty(),
        Map.of());
  }

  /// Trains to the end, or until told to stop.
  TranslationRun.Outcome train(OptionalLong stopAfter, MemoryEstimate estimate) throws IOException {
    long firstStep = position.step();
    double secondsBefore = position.elapsedSeconds();
    if (budget.isSpent(firstStep)) {
      throw new IllegalArgumentException(
          "the run in "
              + folder.path()
              + " is finished; train a new one, or see its "
              + RunReport.FILE);
    }
    folder.keep();
    long started = System.nanoTime();
    long step = firstStep;
    int skipped = 0;
    double elapsed = secondsBefore;
    TrainingLoop.End end = TrainingLoop.End.FINISHED;
    while (!budget.isSpent(step)) {
      step++;
      long stepStarted = System.nanoTime();
      List<Pair> pairs = batches.batch(step - 1);
      TrainingStep.Result result = trainingStep.run(step, pairs, rateFactor(step));
      long now = System.nanoTime();
      elapsed = secondsBefore + (now - started) / 1e9;
      budget.advance(step, elapsed);
      boolean stopping = stopAfter.isPresent() && step >= stopAfter.getAsLong();
      boolean last = stopping || budget.isSpent(step);
      skipped = result.applied() ? 0 : skipped + 1;
      record(step, pairs, result, (now - stepStarted) / 1e9, elapsed);
      if (skipped == TrainingLoop.MOST_SKIPPED_IN_A_ROW) {
        end = TrainingLoop.End.DIVERGED;
        break;
      }
      if (!last && step % evaluateEvery() == 0) {
        evaluate(step, result, elapsed);
        save(step, elapsed);
      }
      if (stopping && !budget.isSpent(step)) {
        end = TrainingLoop.End.STOPPED;
        break;
      }
    }
    if (end == TrainingLoop.End.DIVERGED) {
      Checkpoint.load(folder.path().resolve(Checkpoint.FILE), model.parameters(), optimizers);
    } else {
      save(step, elapsed);
    }
    double rate = tokens / (elapsed - secondsBefore);
    return finish(end, step, elapsed, rate, estimate);
  }

  private double rateFactor(long step) {
    return switch (settings.schedule()) {
      case TRAPEZOID -> budget.rateFactor(step);
      case INVERSE_ROOT ->
          new InverseRootSchedule(settings.width(), settings.warmup()).factor(step);
    };
  }

  private long evaluateEvery() {
    if (settings.evaluateEvery() > 0) {
      return settings.evaluateEvery();
    }
    return budget.total().isPresent()
        ? Math.max(FEWEST_EVALUATION_STEPS, budget.total().getAsLong() / EVALUATIONS)
        : TIMED_EVALUATION_STEPS;
  }

  private void record(
      long step, List<Pair> pairs, TrainingStep.Result result, double seconds, double elapsed)
      throws IOException {
    long count = 0;
    for (Pair pair : pairs) {
      count += pair.source().length + pair.target().length + 2;
    }
    tokens += count;
    if (!result.applied()) {
      metrics().add(new MetricsLog.Skipped(step));
      listener.warned(
          "step "
              + step
              + " is skipped, parameters stay as they are: loss "
              + result.loss()
              + ", gradient norm "
              + result.gradientNorm());
      return;
    }
    smoothed =
        Double.isNaN(smoothed) ? result.loss() : smoothed + SMOOTHING * (result.loss() - smoothed);
    metrics()
        .add(
            new MetricsLog.Step(
                step,
                result.loss(),
                result.gradientNorm(),
                TranslationRecipe.rate(settings) * rateFactor(step),
                count / seconds,
                elapsed));
    listener.stepped(progress(step, result, count / seconds, elapsed), OptionalDouble.empty());
  }

  private TrainingLoop.Progress progress(
      long step, TrainingStep.Result result, double tokensPerSecond, double elapsed) {
    return new TrainingLoop.Progress(
        step,
        budget.total(),
        budget.fraction(step, elapsed),
        result.loss(),
        smoothed,
        valBitsPerByte,
        result.gradientNorm(),
        rateFactor(step),
        tokensPerSecond,
        elapsed,
        budget.remainingSeconds(step, elapsed));
  }

  private void evaluate(long step, TrainingStep.Result result, double elapsed) throws IOException {
    TranslationEvaluation.Cost cost = evaluation.cost(PAIRS);
    log(step, cost, elapsed);
    listener.evaluated(
        progress(step, result, tokens / Math.max(1e-9, elapsed), elapsed), OptionalDouble.empty());
    translate(step, PAIRS);
  }

  private void log(long step, TranslationEvaluation.Cost cost, double elapsed) throws IOException {
    valBitsPerByte = OptionalDouble.of(cost.bitsPerByte());
    metrics().add(new MetricsLog.Held(step, cost.loss(), cost.bitsPerByte(), elapsed));
  }

  /// Translates held-out sources, shows how well and a few of them.
  private TranslationEvaluation.Quality translate(long step, int most) {
    TranslationEvaluation.Quality quality = evaluation.quality(most);
    listener.phase(
        "held-out pairs",
        String.format(
            Locale.ROOT,
            "%.1f %% exact of %,d, BLEU %.2f, chrF %.2f after step %d",
            100 * quality.exactMatch(),
            quality.pairs(),
            quality.bleu(),
            quality.chrf(),
            step));
    int first = (int) (step % Math.max(1, quality.pairs() - SAMPLES));
    for (int i = first; i < Math.min(quality.pairs(), first + SAMPLES); i++) {
      String source = data.heldOut().get(i).text().source();
      Translation translation = quality.translations().get(i);
      samples.add(new RunReport.Sample(step, source, " → " + translation.text()));
      listener.sampled(step, source, " → " + translation.text());
    }
    return quality;
  }

  private void save(long step, double elapsed) throws IOException {
    metrics().force();
    position = new Checkpoint.Position(step, elapsed, budget.total());
    Checkpoint.save(
        folder.path().resolve(Checkpoint.FILE), position, model.parameters(), optimizers);
  }

  private TranslationRun.Outcome finish(
      TrainingLoop.End end, long step, double elapsed, double rate, MemoryEstimate estimate)
      throws IOException {
    Path path = folder.path();
    EncoderDecoderFolder.save(path, model);
    TranslationEvaluation.Cost cost = evaluation.cost(settings.evaluationPairs());
    log(step, cost, elapsed);
    TranslationEvaluation.Quality quality = translate(step, settings.evaluationPairs());
    TranslationRun.Outcome outcome =
        new TranslationRun.Outcome(
            path.toString(),
            end,
            step,
            tokens,
            model.parameters().count(),
            smoothed,
            cost.loss(),
            cost.bitsPerByte(),
            quality.pairs(),
            quality.exactMatch(),
            quality.bleu(),
            quality.chrf(),
            rate,
            elapsed,
            estimate.total(),
            estimate.parameters() + estimate.optimizer() + trainingStep.peakBytes(),
            TranslationRun.nextCommands(path.toString(), settings));
    Map<String, Object> results = Provenance.asMap(outcome);
    results.remove("run");
    results.remove("nextCommands");
    if (provenance != null) {
      provenance.ended(Instant.now(), results).write(path);
    }
    List<MetricsLog.Event> events = MetricsLog.read(path.resolve(MetricsLog.FILE));
    new RunReport(
            String.valueOf(path.getFileName()),
            results,
            List.of(Curve.valBitsPerByte(events), Curve.loss(events)),
            samples,
            Provenance.asMap(settings),
            outcome.nextCommands())
        .write(path);
    return outcome;
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
    evaluation.close();
    translator.close();
    trainingStep.close();
    if (metrics != null) {
      metrics.close();
    }
  }
}
