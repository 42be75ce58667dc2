package dev.lungo.lab;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.lab.Chart.Series;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import dev.lungo.optim.Optimizer;
import dev.lungo.optim.Schedule.Decay;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.BatchSource;
import dev.lungo.train.Budget;
import dev.lungo.train.Evaluation;
import dev.lungo.train.ModelDial;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.ModelDial.Sizes;
import dev.lungo.train.Recipe;
import dev.lungo.train.RunData;
import dev.lungo.train.ShardBatches;
import dev.lungo.train.TemporaryData;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingSettings.OptimizerChoice;
import dev.lungo.train.TrainingStep;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// The road from recurrent networks to the Transformer on one text: an RNN, an LSTM, a GRU and a
/// Transformer with about as many parameters, each trained as long as the others on the same
/// characters by the same recipe.
public final class ArchitecturesLab {
  private static final List<Architecture> ARCHITECTURES =
      List.of(Architecture.RNN, Architecture.LSTM, Architecture.GRU, Architecture.LLAMA);

  private static final int CONTEXT = 128;
  private static final int BATCH = 16;
  private static final double RATE = 2e-3;
  private static final int WARMUP = 20;
  private static final double SLICE_SECONDS = 1;
  private static final double WARM_UP_SECONDS = 4;

  /// Times that a model is evaluated while it learns.
  private static final int EVALUATIONS = 8;

  /// How large the experiment is.
  ///
  /// @param corpus a text; empty means the source code of the running JDK
  /// @param seconds of training of each model, evaluations not counted
  /// @param depth the dial that sizes follow
  /// @param evaluationTokens held-out characters of an evaluation
  public record Settings(
      String corpus, double seconds, int depth, long evaluationTokens, long seed, int threads) {
    public Settings {
      if (!(seconds > 0) || depth < 1 || evaluationTokens < 1) {
        throw new IllegalArgumentException(
            "time and evaluation tokens must be above 0 and the depth at least 1, but they are "
                + seconds
                + " s, "
                + evaluationTokens
                + " and "
                + depth);
      }
    }
  }

  /// What one architecture came to.
  ///
  /// @param loss held-out nats per character
  public record Row(
      String model,
      long parameters,
      long steps,
      double charactersPerSecond,
      double loss,
      double bitsPerByte) {}

  /// What came out.
  public record Outcome(List<Row> rows, LabReport report) {}

  private final Settings settings;
  private final LabListener listener;
  private final List<Row> rows = new ArrayList<>();
  private final List<Series> byTime = new ArrayList<>();
  private final List<Series> byCharacters = new ArrayList<>();

  private ArchitecturesLab(Settings settings, LabListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /// Runs the experiment.
  ///
  /// @throws IllegalArgumentException if the corpus is too small
  public static Outcome run(Settings settings, LabListener listener) throws IOException {
    return new ArchitecturesLab(settings, listener).run();
  }

  private Outcome run() throws IOException {
    listener.phase(
        "time",
        String.format(
            Locale.ROOT,
            "%d models, %.0f s each, and evaluations",
            ARCHITECTURES.size(),
            settings.seconds()));
    TrainingSettings training = training(Architecture.LLAMA);
    List<Contestant> contestants = new ArrayList<>();
    try (Kernels kernels = KernelChoice.open(settings.threads());
        TemporaryData temporary = TemporaryData.prepare(training, listener::phase)) {
      try {
        for (Architecture architecture : ARCHITECTURES) {
          warmUp(kernels, architecture, temporary.data());
        }
        for (Architecture architecture : ARCHITECTURES) {
          contestants.add(new Contestant(kernels, architecture, temporary.data()));
        }
        takeTurns(contestants);
        for (Contestant contestant : contestants) {
          rows.add(contestant.row());
          byTime.add(contestant.curve(contestant.times));
          byCharacters.add(contestant.curve(contestant.characters));
        }
      } finally {
        contestants.forEach(Contestant::close);
      }
    }
    return new Outcome(List.copyOf(rows), report());
  }

  /// Lets the compiler see every kernel before time counts: the first model would pay for all.
  private void warmUp(Kernels kernels, Architecture architecture, RunData data) {
    try (Contestant unmeasured = new Contestant(kernels, architecture, data)) {
      listener.phase("warm-up", unmeasured.name);
      unmeasured.run(Math.min(WARM_UP_SECONDS, settings.seconds() / 4));
    }
  }

  /// Trains all in turns, so that what else the machine does falls on all alike.
  private void takeTurns(List<Contestant> contestants) {
    boolean going = true;
    while (going) {
      going = false;
      double share = 0;
      for (Contestant contestant : contestants) {
        contestant.run(contestant.seconds + SLICE_SECONDS);
        going |= !contestant.isDone();
        share += contestant.share() / contestants.size();
        listener.progressed(contestant.name, Math.min(1, share));
      }
    }
  }

  private TrainingSettings training(Architecture architecture) {
    return new TrainingSettings(
        settings.corpus(),
        "characters",
        4096,
        architecture,
        settings.depth(),
        0,
        0,
        0,
        CONTEXT,
        BATCH,
        1,
        settings.seconds() / 60,
        0,
        0,
        OptimizerChoice.ADAMW,
        RATE,
        0.01,
        WARMUP,
        0.5,
        Decay.LINEAR,
        1,
        settings.seed(),
        settings.threads(),
        0,
        settings.evaluationTokens(),
        "\n");
  }

  private static String name(Architecture architecture) {
    return switch (architecture) {
      case LLAMA -> "Transformer";
      case GPT2 -> "GPT-2";
      case RNN, RNN_RELU, LSTM, GRU -> architecture.name();
    };
  }

  /// One model while it learns.
  private final class Contestant implements AutoCloseable {
    private final String name;
    private final LanguageModel model;
    private final List<Optimizer> optimizers;
    private final TrainingStep step;
    private final Evaluation evaluation;
    private final BatchSource source;
    private final Budget budget =
        new Budget(settings.seconds(), OptionalLong.empty(), WARMUP, 0.5, Decay.LINEAR);
    private final List<Double> times = new ArrayList<>();
    private final List<Double> characters = new ArrayList<>();
    private final List<Double> bits = new ArrayList<>();
    private double loss = Double.NaN;
    private double seconds;
    private long steps;

    Contestant(Kernels kernels, Architecture architecture, RunData data) {
      name = name(architecture);
      ModelConfig config =
          ModelDial.config(
              architecture,
              new Sizes(settings.depth(), 0, 0, 0, data.tokenizer().vocabularySize(), CONTEXT));
      model = LanguageModel.create(config, true);
      model.initialize(new RandomNumbers(settings.seed()));
      TrainingSettings training = training(architecture);
      optimizers = Recipe.optimizers(kernels, model, training);
      step = new TrainingStep(kernels, model, optimizers, BATCH, CONTEXT, 1, training.clip());
      long batches =
          ShardBatches.heldOutBatches(data.heldOut(), BATCH, CONTEXT, settings.evaluationTokens());
      evaluation =
          new Evaluation(
              kernels,
              model,
              ShardBatches.heldOut(data.heldOut(), batches),
              batches,
              BATCH,
              CONTEXT,
              data.tokenizer().byteCounts());
      source = ShardBatches.training(data.training(), settings.seed());
    }

    boolean isDone() {
      return budget.isSpent(steps);
    }

    double share() {
      return budget.fraction(steps, seconds);
    }

    /// Trains until this model has had so much time. Evaluations do not count.
    void run(double until) {
      while (!isDone() && seconds < until) {
        long started = System.nanoTime();
        step.run(++steps, source, budget.rateFactor(steps));
        seconds += (System.nanoTime() - started) / 1e9;
        budget.advance(steps, seconds);
        if (isDone() || seconds > settings.seconds() * (times.size() + 1) / EVALUATIONS) {
          Evaluation.Result held = evaluation.run();
          loss = held.loss();
          times.add(seconds);
          characters.add((double) steps * BATCH * CONTEXT);
          bits.add(held.bitsPerByte());
        }
      }
    }

    Row row() {
      return new Row(
          name,
          model.parameters().count(),
          steps,
          steps * BATCH * CONTEXT / seconds,
          loss,
          bits.getLast());
    }

    Series curve(List<Double> along) {
      return Series.measured(name, array(along), array(bits));
    }

    @Override
    public void close() {
      step.close();
      evaluation.close();
      optimizers.forEach(Optimizer::close);
      model.close();
    }
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(value -> value).toArray();
  }

  private double bits(Architecture architecture) {
    for (Row row : rows) {
      if (row.model().equals(name(architecture))) {
        return row.bitsPerByte();
      }
    }
    throw new IllegalStateException("there is no row of " + architecture);
  }

  private LabReport report() {
    double rnn = bits(Architecture.RNN);
    double gated = Math.min(bits(Architecture.LSTM), bits(Architecture.GRU));
    double transformer = bits(Architecture.LLAMA);
    List<Finding> findings =
        List.of(
            new Finding(
                "gates help (Chung et al. 2014, arXiv:1412.3555)",
                "LSTM or GRU below RNN",
                String.format(Locale.ROOT, "%.3f, RNN %.3f bits per byte", gated, rnn),
                gated < rnn),
            new Finding(
                "attention helps (Al-Rfou et al. 2018, arXiv:1808.04444)",
                "Transformer below LSTM and GRU",
                String.format(
                    Locale.ROOT, "%.3f, best of both %.3f bits per byte", transformer, gated),
                transformer < gated));
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      cells.add(
          List.of(
              row.model(),
              String.format(Locale.ROOT, "%,d", row.parameters()),
              String.format(Locale.ROOT, "%,d", row.steps()),
              String.format(Locale.ROOT, "%,.0f", row.charactersPerSecond()),
              String.format(Locale.ROOT, "%.4f", row.loss()),
              String.format(Locale.ROOT, "%.4f", row.bitsPerByte())));
    }
    String what =
        String.format(
            Locale.ROOT,
            "Characters, %.0f s each, context %d, batch %d",
            settings.seconds(),
            CONTEXT,
            BATCH);
    return new LabReport(
        "RNN, LSTM, GRU and Transformer on the same characters",
        "Which architecture learns a text best in the same time, with about as many parameters, by"
            + " the same recipe (AdamW)? The papers' order comes from larger models that were trained"
            + " longer.",
        findings,
        List.of(
            new Table(
                what,
                List.of(
                    "model",
                    "parameters",
                    "steps",
                    "characters/s",
                    "held-out nats",
                    "bits per byte"),
                cells)),
        List.of(
            new Chart(
                "Held-out bits per byte by time",
                Axis.linear("seconds of training"),
                Axis.linear("bits per byte"),
                byTime),
            new Chart(
                "Held-out bits per byte by characters seen",
                Axis.linear("characters"),
                Axis.linear("bits per byte"),
                byCharacters)));
  }
}
