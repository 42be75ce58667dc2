package dev.lungo.lab;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.lab.Chart.Series;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import dev.lungo.nn.Parameter;
import dev.lungo.op.Pass;
import dev.lungo.optim.AdamW;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.train.ModelDial;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.train.ModelDial.Sizes;
import dev.lungo.train.TrainingStep;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Why recurrent networks forget (Hochreiter 1991; Bengio et al. 1994; Pascanu et al. 2013,
/// arXiv:1211.5063): how gradients shrink and grow on their way back through time, what that does
/// to learning, and what gates and attention change.
///
/// All models have one layer and about as many parameters.
public final class GradientsLab {
  private static final List<Architecture> ARCHITECTURES =
      List.of(Architecture.RNN, Architecture.LSTM, Architecture.GRU, Architecture.LLAMA);

  /// Spectral radii that recurrent weights are scaled to.
  private static final double[] RADII = {0.5, 0.7, 0.9, 1.0, 1.1};

  /// Steps over which gradients are followed.
  private static final int DISTANCE = 48;

  /// The first steps back depend on where the gradient points; a rate is fitted after them.
  static final int FIT_FROM = 8;

  /// Token vectors are made so small that a network stays near 0, where tanh is a straight line.
  private static final float SMALL_INPUTS = 1e-6f;

  private static final double RATE_TOLERANCE = 0.06;
  private static final int BATCH = 32;
  private static final int TEST_BATCH = 256;
  private static final double RATE = 3e-3;
  private static final double SOLVED = 0.9;

  /// What an exploding network begins with, and how it is trained.
  static final double EXPLODING_RADIUS = 1.8;

  static final int EXPLODING_LAG = 32;
  private static final int MOST_EXPLODING_STEPS = 200;
  private static final float EXPLODING_RATE = 0.1f;

  /// How large the experiment is.
  ///
  /// @param lags over which a symbol is to be remembered
  /// @param steps of training for each
  public record Settings(List<Integer> lags, int steps, long seed, int threads) {
    public Settings {
      lags = List.copyOf(lags);
      if (lags.isEmpty() || lags.stream().anyMatch(lag -> lag < 1) || steps < 1) {
        throw new IllegalArgumentException(
            "there must be lags and steps, all at least 1, but they are " + lags + " and " + steps);
      }
    }
  }

  /// How gradients of one model change with each step back.
  ///
  /// @param computed by a formula, where there is one
  /// @param trained the rate after training
  public record Decay(
      String model, long parameters, Optional<Double> computed, double initial, double trained) {}

  /// How well one model answers after one lag.
  public record Recall(String model, int lag, double accuracy) {}

  /// Training of an exploding network.
  public record Explosion(
      boolean clipped, double largestNorm, double firstLoss, double lastLoss, int skipped) {}

  /// What came out.
  public record Outcome(
      List<Decay> decays, List<Recall> recalls, List<Explosion> explosions, LabReport report) {}

  private final Settings settings;
  private final LabListener listener;
  private final Kernels kernels;
  private final List<Finding> findings = new ArrayList<>();
  private final List<Decay> decays = new ArrayList<>();
  private final List<Recall> recalls = new ArrayList<>();
  private final List<Explosion> explosions = new ArrayList<>();
  private final List<Series> radiusCurves = new ArrayList<>();
  private final List<Series> initialCurves = new ArrayList<>();
  private final List<Series> trainedCurves = new ArrayList<>();
  private final List<Series> explosionCurves = new ArrayList<>();
  private final Map<Architecture, TimeGradients> atFirst = new EnumMap<>(Architecture.class);
  private long work;
  private long done;

  private GradientsLab(Settings settings, Kernels kernels, LabListener listener) {
    this.settings = settings;
    this.kernels = kernels;
    this.listener = listener;
  }

  /// Runs the experiment.
  public static Outcome run(Settings settings, LabListener listener) {
    try (Kernels kernels = KernelChoice.open(settings.threads())) {
      return new GradientsLab(settings, kernels, listener).run();
    }
  }

  private Outcome run() {
    long tokens = 2L * explodingSteps() * EXPLODING_LAG;
    for (int lag : settings.lags()) {
      tokens += (long) ARCHITECTURES.size() * settings.steps() * (lag + 1);
    }
    work = tokens;
    listener.phase(
        "work",
        String.format(
            Locale.ROOT,
            "%d models learn to remember over %s steps, %,d training steps each",
            ARCHITECTURES.size(),
            settings.lags(),
            settings.steps()));
    radii();
    for (Architecture architecture : ARCHITECTURES) {
      initial(architecture);
    }
    for (Architecture architecture : ARCHITECTURES) {
      recall(architecture);
    }
    explode(false);
    explode(true);
    judge();
    GradientsReport report =
        new GradientsReport(
            findings,
            decays,
            recalls,
            explosions,
            settings.steps(),
            radiusCurves,
            initialCurves,
            trainedCurves,
            explosionCurves);
    return new Outcome(decays, recalls, explosions, report.report());
  }

  private int explodingSteps() {
    return Math.min(settings.steps(), MOST_EXPLODING_STEPS);
  }

  private static String name(Architecture architecture) {
    return switch (architecture) {
      case LLAMA -> "Transformer";
      case GPT2 -> "GPT-2";
      case RNN, RNN_RELU, LSTM, GRU -> architecture.name();
    };
  }

  private static ModelConfig config(Architecture architecture, int context) {
    return ModelDial.config(architecture, new Sizes(1, 0, 0, 0, RecallTask.VOCABULARY, context));
  }

  private LanguageModel model(Architecture architecture, int context) {
    LanguageModel model = LanguageModel.create(config(architecture, context), true);
    model.initialize(new RandomNumbers(settings.seed()));
    return model;
  }

  private static Tensor parameter(LanguageModel model, String name) {
    for (Parameter parameter : model.parameters().all()) {
      if (parameter.name().equals(name)) {
        return parameter.tensor();
      }
    }
    throw new IllegalStateException("there is no parameter " + name);
  }

  /// Computes the spectral radius of one gate's recurrent weight.
  private static double radius(LanguageModel model, int gate) {
    int width = model.config().width();
    float[] weights = parameter(model, "layers.0.hidden.weight").toFloats();
    double[] square = new double[width * width];
    for (int i = 0; i < square.length; i++) {
      square[i] = weights[gate * square.length + i];
    }
    return SpectralRadius.of(square, width);
  }

  private RecallTask far() {
    return new RecallTask(DISTANCE - 1, settings.seed());
  }

  private static double[] distances() {
    double[] distances = new double[DISTANCE];
    Arrays.setAll(distances, i -> i);
    return distances;
  }

  /// The law: near 0 a step back multiplies the gradient by the transpose of W.
  private void radii() {
    for (double wanted : RADII) {
      try (LanguageModel model = model(Architecture.RNN, DISTANCE)) {
        scale(parameter(model, "layers.0.hidden.weight"), wanted / radius(model, 0));
        scale(parameter(model, "embedding.weight"), SMALL_INPUTS);
        double computed = radius(model, 0);
        TimeGradients gradients = TimeGradients.of(kernels, model, far());
        double fitted = gradients.rate(FIT_FROM);
        findings.add(
            new Finding(
                String.format(Locale.ROOT, "RNN, spectral radius %.1f", wanted),
                String.format(Locale.ROOT, "× %.3f a step", computed),
                String.format(Locale.ROOT, "× %.3f a step", fitted),
                Math.abs(fitted / computed - 1) < RATE_TOLERANCE));
        String label = String.format(Locale.ROOT, "radius %.1f", wanted);
        radiusCurves.add(Series.measured(label, distances(), gradients.relative()));
        double[] law = new double[DISTANCE];
        Arrays.setAll(law, i -> Math.pow(computed, i));
        radiusCurves.add(Series.expected(label + ", computed", distances(), law));
      }
    }
  }

  private static void scale(Tensor tensor, double factor) {
    float[] values = tensor.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= (float) factor;
    }
    tensor.set(values);
  }

  private void initial(Architecture architecture) {
    try (LanguageModel model = model(architecture, DISTANCE)) {
      TimeGradients gradients = TimeGradients.of(kernels, model, far());
      atFirst.put(architecture, gradients);
      Optional<Double> computed = computedRate(architecture, model);
      double fitted = gradients.rate(FIT_FROM);
      String formula =
          switch (architecture) {
            case RNN, RNN_RELU -> "ρ(W)";
            case LSTM -> "σ(1) + ρ(Wg)/4";
            case GRU -> "1/2 + ρ(Wn)/4";
            case LLAMA, GPT2 -> "attention reaches all steps alike: about 1";
          };
      findings.add(
          new Finding(
              name(architecture) + ", first weights",
              computed
                  .map(rate -> String.format(Locale.ROOT, "%s = × %.3f a step", formula, rate))
                  .orElse(formula),
              String.format(Locale.ROOT, "× %.3f a step", fitted),
              Math.abs(fitted / computed.orElse(1.0) - 1) < RATE_TOLERANCE));
      initialCurves.add(Series.measured(name(architecture), distances(), gradients.relative()));
    }
  }

  /// Linearises a step where states are near 0: gates are half open there, an LSTM's forget gate at
  /// σ(1), and g or n let W through.
  private static Optional<Double> computedRate(Architecture architecture, LanguageModel model) {
    return switch (architecture) {
      case RNN, RNN_RELU -> Optional.of(radius(model, 0));
      case LSTM -> Optional.of(1 / (1 + Math.exp(-1)) + radius(model, 2) / 4);
      case GRU -> Optional.of(0.5 + radius(model, 2) / 4);
      case LLAMA, GPT2 -> Optional.empty();
    };
  }

  private void recall(Architecture architecture) {
    int longest = settings.lags().stream().mapToInt(lag -> lag).max().orElseThrow();
    int context = Math.max(DISTANCE, longest + 1);
    int middle = settings.lags().get(settings.lags().size() / 2);
    for (int lag : settings.lags()) {
      RecallTask task = new RecallTask(lag, settings.seed());
      try (LanguageModel model = model(architecture, context)) {
        Optimizer optimizer =
            new AdamW(kernels)
                .add(model.parameters().all(), new AdamW.Settings(RATE, 0.9, 0.99, 1e-8, 0));
        train(model, optimizer, task, settings.steps(), 1, name(architecture) + ", lag " + lag);
        double accuracy = accuracy(model, new RecallTask(lag, settings.seed() + (1L << 40)));
        recalls.add(new Recall(name(architecture), lag, accuracy));
        if (lag == middle) {
          TimeGradients gradients = TimeGradients.of(kernels, model, far());
          trainedCurves.add(Series.measured(name(architecture), distances(), gradients.relative()));
          Optional<Double> computed = computedRateAtFirst(architecture);
          decays.add(
              new Decay(
                  name(architecture),
                  model.parameters().count(),
                  computed,
                  Objects.requireNonNull(atFirst.get(architecture)).rate(FIT_FROM),
                  gradients.rate(FIT_FROM)));
        }
      }
    }
  }

  private Optional<Double> computedRateAtFirst(Architecture architecture) {
    try (LanguageModel model = model(architecture, DISTANCE)) {
      return computedRate(architecture, model);
    }
  }

  /// Trains and returns the steps' results.
  private List<TrainingStep.Result> train(
      LanguageModel model,
      Optimizer optimizer,
      RecallTask task,
      int steps,
      double clip,
      String what) {
    List<TrainingStep.Result> results = new ArrayList<>();
    try (optimizer;
        TrainingStep step =
            new TrainingStep(kernels, model, List.of(optimizer), BATCH, task.length(), 1, clip)) {
      for (int number = 1; number <= steps; number++) {
        double factor = Math.min(1, 2.0 * (steps - number + 1) / steps);
        results.add(step.run(number, task.batches(), factor));
        done += task.length();
        listener.progressed(what, Math.min(1, (double) done / work));
      }
    }
    return results;
  }

  /// Returns the share of right answers to questions that were not trained on.
  private double accuracy(LanguageModel model, RecallTask task) {
    int length = task.length();
    try (Workspace workspace = new Workspace("recall")) {
      Tensor ids = workspace.allocate(Shape.of(TEST_BATCH, length), DType.INT32);
      Tensor targets = workspace.allocate(Shape.of(TEST_BATCH, length), DType.INT32);
      task.batches().fill(0, ids, targets);
      Pass pass = Pass.inference(kernels, workspace);
      float[] logits = model.logits(pass, model.hidden(pass, ids, Optional.empty())).toFloats();
      int right = 0;
      for (int i = 0; i < TEST_BATCH; i++) {
        int from = ((i + 1) * length - 1) * RecallTask.VOCABULARY;
        int best = 0;
        for (int v = 1; v < RecallTask.VOCABULARY; v++) {
          best = logits[from + v] > logits[from + best] ? v : best;
        }
        int answer = ids.data().getAtIndex(ValueLayout.JAVA_INT, (long) i * length);
        right += best == answer ? 1 : 0;
      }
      return (double) right / TEST_BATCH;
    }
  }

  /// Trains a network whose gradients grow on their way back, by plain gradient descent.
  private void explode(boolean clipped) {
    try (LanguageModel model = model(Architecture.RNN, EXPLODING_LAG + 1)) {
      scale(parameter(model, "layers.0.hidden.weight"), EXPLODING_RADIUS / radius(model, 0));
      List<TrainingStep.Result> results =
          train(
              model,
              new GradientDescent(kernels, model.parameters(), EXPLODING_RATE),
              new RecallTask(EXPLODING_LAG, settings.seed()),
              explodingSteps(),
              clipped ? 1 : Double.POSITIVE_INFINITY,
              clipped ? "exploding, clipped" : "exploding");
      double[] norms = results.stream().mapToDouble(TrainingStep.Result::gradientNorm).toArray();
      double[] losses = results.stream().mapToDouble(TrainingStep.Result::loss).toArray();
      double[] numbers = new double[norms.length];
      Arrays.setAll(numbers, i -> i + 1);
      explosionCurves.add(
          Series.measured(clipped ? "loss, clipped" : "loss, not clipped", numbers, losses));
      explosionCurves.add(
          Series.measured(clipped ? "norm, clipped" : "norm, not clipped", numbers, norms));
      explosions.add(
          new Explosion(
              clipped,
              Arrays.stream(norms).filter(Double::isFinite).max().orElse(Double.NaN),
              mean(losses, 0, 10),
              mean(losses, losses.length - 10, losses.length),
              (int) results.stream().filter(result -> !result.applied()).count()));
    }
  }

  private static double mean(double[] values, int from, int to) {
    return Arrays.stream(values, from, to).average().orElse(Double.NaN);
  }

  /// Returns the longest lag over which a model remembers.
  private int reached(Architecture architecture) {
    int longest = 0;
    for (Recall recall : recalls) {
      if (recall.model().equals(name(architecture)) && recall.accuracy() >= SOLVED) {
        longest = Math.max(longest, recall.lag());
      }
    }
    return longest;
  }

  /// Compares what the recall task showed with what the literature says.
  private void judge() {
    int rnn = reached(Architecture.RNN);
    int lstm = reached(Architecture.LSTM);
    int gru = reached(Architecture.GRU);
    int transformer = reached(Architecture.LLAMA);
    int gated = Math.max(lstm, gru);
    findings.add(
        new Finding(
            "longest lag with 90 % right",
            "RNN ≤ LSTM or GRU ≤ Transformer",
            String.format(
                Locale.ROOT,
                "RNN %d, LSTM %d, GRU %d, Transformer %d",
                rnn,
                lstm,
                gru,
                transformer),
            rnn <= gated && gated <= transformer));
    Explosion free = explosions.get(0);
    Explosion clipped = explosions.get(1);
    findings.add(
        new Finding(
            String.format(Locale.ROOT, "RNN, radius %.1f, plain descent", EXPLODING_RADIUS),
            "clipped gradients end at a lower loss",
            String.format(
                Locale.ROOT, "%.2f nats clipped, %.2f not", clipped.lastLoss(), free.lastLoss()),
            !(clipped.lastLoss() >= free.lastLoss())));
  }
}
