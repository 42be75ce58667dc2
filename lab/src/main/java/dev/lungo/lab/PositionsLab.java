package dev.lungo.lab;

import dev.lungo.corpus.TokenShard;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.ModelFlops;
import dev.lungo.model.PositionScheme;
import dev.lungo.train.BatchSource;
import dev.lungo.train.Evaluation;
import dev.lungo.train.ModelDial.Sizes;
import dev.lungo.train.RunData;
import dev.lungo.train.ShardBatches;
import dev.lungo.train.TemporaryData;
import dev.lungo.train.TrainingSettings;
import dev.lungo.tune.ContextExtension;
import dev.lungo.tune.ContextMethod;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Trains the same small model with each kind of positions on short texts and evaluates it on
/// longer ones: figure 1 of Press et al. 2021 (arXiv:2108.12409) on a small scale, with the ways to
/// stretch rotary positions beside it.
public final class PositionsLab {
  /// The training length and beyond.
  public static final List<Integer> LENGTHS = List.of(256, 512, 1024, 2048, 4096);

  private static final int CONTEXT = 256;
  private static final int BATCH = 8;
  private static final int VOCABULARY = 2048;

  private static final List<ContextMethod> METHODS =
      List.of(
          ContextMethod.LINEAR,
          ContextMethod.NTK,
          ContextMethod.DYNAMIC,
          ContextMethod.YARN,
          ContextMethod.LLAMA3);

  /// How large the experiment is.
  ///
  /// @param corpus empty means the source code of the running JDK
  /// @param steps of training of each model
  /// @param lengths of the windows that are read, ascending, the training length first
  /// @param evaluationTokens held-out tokens that are read at each length
  public record Settings(
      String corpus,
      long steps,
      List<Integer> lengths,
      long evaluationTokens,
      long seed,
      int threads) {
    public Settings {
      lengths = List.copyOf(lengths);
      if (lengths.size() < 3 || lengths.getFirst() != CONTEXT) {
        throw new IllegalArgumentException(
            "lengths must be at least three from " + CONTEXT + " on, but are " + lengths);
      }
      if (steps < 1 || evaluationTokens < lengths.getLast()) {
        throw new IllegalArgumentException(
            "steps must be at least 1 and tokens to evaluate at least "
                + lengths.getLast()
                + ", but they are "
                + steps
                + " and "
                + evaluationTokens);
      }
    }
  }

  /// Held-out bits per byte of one model at one length.
  ///
  /// @param name a kind of positions, or `rope + ` a way to stretch them
  public record Row(String name, int length, double bitsPerByte) {}

  /// What came out.
  public record Outcome(List<Row> rows, LabReport report) {}

  private final Settings settings;
  private final LabListener listener;
  private final Map<String, double[]> curves = new LinkedHashMap<>();
  private int part;

  private PositionsLab(Settings settings, LabListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /// Runs the experiment.
  ///
  /// @throws IllegalArgumentException if the corpus is too small
  public static Outcome run(Settings settings, LabListener listener) throws IOException {
    return new PositionsLab(settings, listener).run();
  }

  private Outcome run() throws IOException {
    TrainingSettings training =
        ShortTraining.settings(
            settings.corpus(),
            VOCABULARY,
            new Sizes(3, 128, 4, 4, VOCABULARY, CONTEXT),
            BATCH,
            settings.steps(),
            settings.seed(),
            settings.threads());
    try (Kernels kernels = KernelChoice.open(settings.threads());
        TemporaryData temporary = TemporaryData.prepare(training, listener::phase)) {
      RunData data = temporary.data();
      announce(kernels, training, data);
      for (PositionScheme scheme : PositionScheme.values()) {
        ModelConfig config =
            ShortTraining.config(training, data.tokenizer().vocabularySize(), scheme);
        try (LanguageModel model = train(kernels, config, training, data)) {
          evaluate(kernels, model, scheme.label(), ContextMethod.NONE, data);
          if (scheme == PositionScheme.ROPE) {
            for (ContextMethod method : METHODS) {
              evaluate(kernels, model, "rope + " + method.label(), method, data);
            }
          }
        }
        part++;
      }
    }
    return new Outcome(rows(), report());
  }

  private void announce(Kernels kernels, TrainingSettings training, RunData data) {
    ModelConfig config =
        ShortTraining.config(training, data.tokenizer().vocabularySize(), PositionScheme.ROPE);
    long schemes = PositionScheme.values().length;
    double flops =
        (double) schemes
            * settings.steps()
            * training.tokensPerStep()
            * ModelFlops.trainingPerToken(config, CONTEXT);
    for (int length : settings.lengths()) {
      flops +=
          (double) (schemes + METHODS.size())
              * settings.evaluationTokens()
              * ModelFlops.trainingPerToken(config, length)
              / 3;
    }
    listener.phase(
        "models",
        String.format(
            Locale.ROOT,
            "%d of %d layers, width %d, %d heads, context %d; %,d steps of %,d tokens each",
            schemes,
            config.layers(),
            config.width(),
            config.heads(),
            CONTEXT,
            settings.steps(),
            training.tokensPerStep()));
    listener.phase("measuring", "how fast this machine trains");
    BatchSource batches = ShardBatches.training(data.training(), settings.seed());
    double minutes = flops / ShortTraining.flops(kernels, config, training, batches) / 60;
    listener.phase("time", String.format(Locale.ROOT, "about %.0f minutes", Math.max(1, minutes)));
  }

  private LanguageModel train(
      Kernels kernels, ModelConfig config, TrainingSettings training, RunData data) {
    String name = PositionScheme.values()[part].label();
    BatchSource batches = ShardBatches.training(data.training(), settings.seed());
    double all = PositionScheme.values().length;
    return ShortTraining.train(
        kernels,
        config,
        training,
        batches,
        (step, loss) ->
            listener.progressed(
                String.format(
                    Locale.ROOT,
                    "%s, step %d of %d, loss %.3f",
                    name,
                    step,
                    settings.steps(),
                    loss),
                (part + 0.9 * step / settings.steps()) / all));
  }

  private void evaluate(
      Kernels kernels, LanguageModel model, String name, ContextMethod method, RunData data) {
    double[] curve = new double[settings.lengths().size()];
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < curve.length; i++) {
      int length = settings.lengths().get(i);
      if (length <= model.config().context()) {
        curve[i] = bitsPerByte(kernels, model, length, data);
      } else {
        ModelConfig longer = method.extend(model.config(), length);
        try (LanguageModel copy = ContextExtension.copy(model, longer, settings.seed())) {
          curve[i] = bitsPerByte(kernels, copy, length, data);
        }
      }
      text.append(String.format(Locale.ROOT, "%s%d: %.3f", i == 0 ? "" : ", ", length, curve[i]));
    }
    curves.put(name, curve);
    listener.phase(name, text.toString());
  }

  /// Measures the same tokens at every length, cut into windows that do not overlap.
  private double bitsPerByte(Kernels kernels, LanguageModel model, int length, RunData data) {
    int rows = Math.max(1, settings.lengths().getLast() / length);
    long tokens = Math.min(settings.evaluationTokens(), data.heldOut().size() - 1);
    long batches = tokens / ((long) rows * length);
    if (batches < 1) {
      throw new IllegalArgumentException(
          "the held-out text has "
              + data.heldOut().size()
              + " tokens, but "
              + settings.lengths().getLast()
              + " are needed; give a larger --corpus");
    }
    try (Evaluation evaluation =
        new Evaluation(
            kernels,
            model,
            contiguous(data.heldOut()),
            batches,
            rows,
            length,
            data.tokenizer().byteCounts())) {
      return evaluation.run().bitsPerByte();
    }
  }

  private static BatchSource contiguous(TokenShard shard) {
    return (index, ids, targets) -> {
      int length = ids.shape().width();
      int rows = ids.shape().rows();
      int[] window = new int[length + 1];
      for (int row = 0; row < rows; row++) {
        shard.copy((index * rows + row) * length, window, 0, length + 1);
        ids.setRow(row, window, 0);
        targets.setRow(row, window, 1);
      }
    };
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    curves.forEach((name, curve) -> {
      for (int i = 0; i < curve.length; i++) {
        rows.add(new Row(name, settings.lengths().get(i), curve[i]));
      }
    });
    return rows;
  }

  private LabReport report() {
    List<String> columns = new ArrayList<>(List.of("positions"));
    settings.lengths().forEach(length -> columns.add(Integer.toString(length)));
    List<List<String>> rows = new ArrayList<>();
    List<Chart.Series> series = new ArrayList<>();
    double[] x = settings.lengths().stream().mapToDouble(Integer::doubleValue).toArray();
    curves.forEach((name, curve) -> {
      List<String> row = new ArrayList<>(List.of(name));
      for (double value : curve) {
        row.add(String.format(Locale.ROOT, "%.4f", value));
      }
      rows.add(row);
      series.add(Chart.Series.measured(name, x, curve));
    });
    return new LabReport(
        "Positions beyond the training length",
        "The same model, trained with each kind of positions on texts of "
            + CONTEXT
            + " tokens for "
            + settings.steps()
            + " steps, reads the same held-out text in windows of growing length. Lower is better.",
        findings(),
        List.of(new Table("Held-out bits per byte at each length", columns, rows)),
        List.of(
            new Chart(
                "Held-out bits per byte",
                Axis.logarithmic("positions in a window"),
                Axis.linear("bits per byte"),
                series)));
  }

  private List<Finding> findings() {
    int last = settings.lengths().size() - 1;
    List<Finding> findings = new ArrayList<>();
    for (String name : List.of("learned", "sinusoidal", "rope")) {
      findings.add(
          new Finding(
              name + " positions fail beyond the training length",
              "bits per byte rise (Press et al. 2021, figure 1)",
              change(name, 0, last),
              at(name, last) > at(name, 0) * 1.02));
    }
    findings.add(
        new Finding(
            "ALiBi goes on beyond the training length",
            "bits per byte do not rise (Press et al. 2021, figure 1)",
            change("alibi", 0, last),
            at("alibi", last) <= at("alibi", 0) * 1.005));
    for (ContextMethod method : List.of(ContextMethod.NTK, ContextMethod.YARN)) {
      String name = "rope + " + method.label();
      findings.add(
          new Finding(
              String.format(
                  Locale.ROOT,
                  "%s at %d, without more training",
                  method.label(),
                  settings.lengths().get(2)),
              "better than rope as it is (Peng et al. 2023)",
              String.format(Locale.ROOT, "%.4f against %.4f", at(name, 2), at("rope", 2)),
              at(name, 2) < at("rope", 2)));
    }
    return findings;
  }

  private double at(String name, int length) {
    double[] curve = curves.get(name);
    return curve == null ? Double.NaN : curve[length];
  }

  private String change(String name, int from, int to) {
    return String.format(
        Locale.ROOT,
        "%.4f at %d, %.4f at %d",
        at(name, from),
        settings.lengths().get(from),
        at(name, to),
        settings.lengths().get(to));
  }
}
