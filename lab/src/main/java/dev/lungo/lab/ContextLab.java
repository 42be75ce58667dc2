package dev.lungo.lab;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.lab.ShortTraining.Stage;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.ModelFlops;
import dev.lungo.model.PositionScheme;
import dev.lungo.nn.KvCache;
import dev.lungo.nn.RollingWindow;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Workspace;
import dev.lungo.train.BatchSource;
import dev.lungo.train.ModelDial.Sizes;
import dev.lungo.train.RunData;
import dev.lungo.train.ShardBatches;
import dev.lungo.train.TemporaryData;
import dev.lungo.train.TrainingSettings;
import dev.lungo.tune.ContextExtension;
import dev.lungo.tune.ContextMethod;
import dev.lungo.tune.LongRopeSearch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Trains a small model on short texts in which facts are hidden, lets it read long ones by each
/// way to extend a context, and asks: how well is the text foreseen, how many facts are found, how
/// much memory do keys and values take, and does the speed depend on the length?
public final class ContextLab {
  static final int CONTEXT = 512;
  private static final int BATCH = 8;
  private static final int VOCABULARY = 1024;
  private static final int FACTS_IN_TRAINING = 6;
  private static final int FACTS = 8;
  private static final int SINKS = 4;
  private static final int SHORT_TEXTS = 32;

  /// Shorter than the training length by as much as a rolling cache has room beside it.
  private static final int WINDOW = 256;

  private static final int SEARCHED_TOKENS = 4096;
  private static final int CANDIDATES = 10;

  /// How large the experiment is.
  ///
  /// @param corpus empty means the source code of the running JDK
  /// @param steps of training
  /// @param lengths of the texts, ascending
  public record Settings(String corpus, long steps, List<Integer> lengths, long seed, int threads) {
    public Settings {
      lengths = lengths.stream().sorted().toList();
      if (steps < 1 || lengths.isEmpty() || lengths.getFirst() <= CONTEXT) {
        throw new IllegalArgumentException(
            "steps must be at least 1 and lengths above the "
                + CONTEXT
                + " of training, but they are "
                + steps
                + " and "
                + lengths);
      }
    }
  }

  /// What one way came to at one length.
  ///
  /// @param found of `hidden` facts
  /// @param lastTokensPerSecond over the last eighth of the text
  public record Row(
      String name,
      int length,
      double bitsPerByte,
      int found,
      int hidden,
      double tokensPerSecond,
      double lastTokensPerSecond,
      long cacheBytes) {}

  /// What came out.
  public record Outcome(List<Row> rows, LabReport report) {}

  private final Settings settings;
  private final LabListener listener;
  private final List<Row> rows = new ArrayList<>();
  private double work;
  private double done;

  private ContextLab(Settings settings, LabListener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /// Runs the experiment.
  ///
  /// @throws IllegalArgumentException if the corpus is too small
  public static Outcome run(Settings settings, LabListener listener) throws IOException {
    return new ContextLab(settings, listener).run();
  }

  private Outcome run() throws IOException {
    TrainingSettings training =
        ShortTraining.settings(
            settings.corpus(),
            VOCABULARY,
            new Sizes(2, 128, 2, 1, VOCABULARY, CONTEXT),
            BATCH,
            settings.steps(),
            settings.seed(),
            settings.threads());
    try (Kernels kernels = KernelChoice.open(settings.threads());
        TemporaryData temporary = TemporaryData.prepare(training, listener::phase)) {
      RunData data = temporary.data();
      ModelConfig config =
          ShortTraining.config(training, data.tokenizer().vocabularySize(), PositionScheme.ROPE);
      announce(kernels, training, config, data);
      try (LanguageModel model = train(kernels, training, config, data)) {
        if (!(model.config() instanceof LlamaConfig llama)) {
          throw new IllegalStateException("the dial makes Llamas");
        }
        Passkeys texts = new Passkeys(data.heldOut(), data.tokenizer());
        readShort(kernels, model, texts, data);
        for (int length : settings.lengths()) {
          readEach(kernels, model, llama, texts, data, length);
        }
        return new Outcome(List.copyOf(rows), report(llama));
      }
    }
  }

  private void announce(
      Kernels kernels, TrainingSettings training, ModelConfig config, RunData data) {
    work =
        (double) settings.steps()
            * training.tokensPerStep()
            * ModelFlops.trainingPerToken(config, CONTEXT);
    for (int length : settings.lengths()) {
      // Half of the pairs are masked.
      work += ContextMethod.values().length * reading(config, length / 2, length);
      work += 2 * reading(config, 2 * WINDOW, length);
    }
    listener.phase(
        "model",
        String.format(
            Locale.ROOT,
            "%d layers, width %d, %d heads, %d key/value head, context %d; %,d steps of %,d tokens",
            config.layers(),
            config.width(),
            config.heads(),
            config.kvHeads(),
            CONTEXT,
            settings.steps(),
            training.tokensPerStep()));
    listener.phase("measuring", "how fast this machine trains");
    BatchSource batches = ShardBatches.training(data.training(), settings.seed());
    double minutes = work / ShortTraining.flops(kernels, config, training, batches) / 60;
    listener.phase("time", String.format(Locale.ROOT, "about %.0f minutes", Math.max(1, minutes)));
  }

  private static double reading(ModelConfig config, int seen, int length) {
    return (double) length * ModelFlops.trainingPerToken(config, seen) / 3;
  }

  private LanguageModel train(
      Kernels kernels, TrainingSettings training, ModelConfig config, RunData data) {
    Passkeys texts = new Passkeys(data.training(), data.tokenizer());
    double perStep = training.tokensPerStep() * ModelFlops.trainingPerToken(config, CONTEXT);
    return ShortTraining.train(
        kernels,
        config,
        training,
        stages(),
        texts.training(FACTS_IN_TRAINING, settings.seed()),
        (step, loss) -> {
          done += perStep;
          listener.progressed(
              String.format(
                  Locale.ROOT, "training, step %d of %d, loss %.3f", step, settings.steps(), loss),
              done / work);
        });
  }

  /// Windows of a quarter, half and the whole of the context: to look back is learned where there
  /// is little to look through. On whole windows alone it was not, in any number of steps tried.
  private List<Stage> stages() {
    long steps = settings.steps();
    return List.of(
        new Stage(CONTEXT / 4, steps * 2 / 5),
        new Stage(CONTEXT / 2, steps * 3 / 5),
        new Stage(CONTEXT, steps));
  }

  private void readShort(Kernels kernels, LanguageModel model, Passkeys texts, RunData data) {
    read(kernels, model, Optional.empty(), "as trained", texts, data, CONTEXT);
  }

  private void readEach(
      Kernels kernels,
      LanguageModel model,
      LlamaConfig config,
      Passkeys texts,
      RunData data,
      int length) {
    read(kernels, model, Optional.empty(), ContextReport.PIECES, texts, data, length);
    for (ContextMethod method : ContextMethod.values()) {
      ModelConfig longer = method.extend(config, length);
      if (method == ContextMethod.LONGROPE) {
        longer = searched(kernels, model, config, texts, data, length);
      }
      try (LanguageModel extended = ContextExtension.copy(model, longer, settings.seed())) {
        String name = method == ContextMethod.NONE ? "limit lifted" : method.label();
        read(kernels, extended, Optional.empty(), name, texts, data, length);
      }
      done += reading(config, length / 2, length);
    }
    for (int sinks : new int[] {0, SINKS}) {
      String name = sinks == 0 ? "window" : "window, sinks";
      RollingWindow window = new RollingWindow(sinks, WINDOW - sinks);
      read(kernels, model, Optional.of(window), name, texts, data, length);
      done += reading(config, 2 * WINDOW, length);
    }
  }

  private ModelConfig searched(
      Kernels kernels,
      LanguageModel model,
      LlamaConfig config,
      Passkeys texts,
      RunData data,
      int length) {
    int tokens = Math.min(length, SEARCHED_TOKENS);
    Passkeys.Hidden sample = texts.hide(tokens, FACTS, new RandomNumbers(settings.seed() + 1));
    LongRopeSearch search =
        new LongRopeSearch(
            config,
            length,
            scaling -> {
              LlamaConfig tried = config.reaching(length, config.ropeBase(), scaling);
              try (LanguageModel copy = ContextExtension.copy(model, tried, settings.seed());
                  Workspace memory = new Workspace("key/value cache")) {
                // Only the angles matter, which the context decides, not the cache's size.
                KvCache cache = copy.newCache(memory, 1, Math.max(tokens, config.context() + 1));
                return LongReading.of(
                        kernels, copy, cache, sample, data.tokenizer().byteCounts(), t -> {})
                    .bitsPerByte();
              }
            },
            settings.seed());
    return config.reaching(length, config.ropeBase(), search.run(CANDIDATES));
  }

  private void read(
      Kernels kernels,
      LanguageModel model,
      Optional<RollingWindow> window,
      String name,
      Passkeys texts,
      RunData data,
      int length) {
    // One short text says little.
    int count = length == CONTEXT ? SHORT_TEXTS : 1;
    int facts = length == CONTEXT ? FACTS_IN_TRAINING : FACTS;
    RandomNumbers random = new RandomNumbers(settings.seed());
    double bits = 0;
    int found = 0;
    double rate = 0;
    double lastRate = 0;
    try (Workspace memory = new Workspace("key/value cache")) {
      KvCache cache =
          window.isPresent()
              ? model.newRollingCache(memory, 1, window.get(), DType.FLOAT32)
              : model.newCache(memory, 1, Math.min(length, model.config().context()));
      for (int i = 0; i < count; i++) {
        cache.restart(1);
        LongReading.Result result =
            LongReading.of(
                kernels,
                model,
                cache,
                texts.hide(length, facts, random),
                data.tokenizer().byteCounts(),
                tokens ->
                    listener.progressed(
                        String.format(Locale.ROOT, "%s, %,d of %,d tokens", name, tokens, length),
                        done / work));
        bits += result.bitsPerByte() / count;
        found += result.found();
        rate += result.tokensPerSecond() / count;
        lastRate += result.lastTokensPerSecond() / count;
      }
      int hidden = count * facts;
      rows.add(new Row(name, length, bits, found, hidden, rate, lastRate, memory.usedBytes()));
      listener.phase(
          name,
          String.format(
              Locale.ROOT,
              "%,d tokens: %.4f bits per byte, %d of %d facts, %,.0f tokens/s",
              length,
              bits,
              found,
              hidden,
              rate));
    }
  }

  private LabReport report(LlamaConfig config) {
    return new ContextReport(rows, settings.lengths()).report(config, settings.steps());
  }
}
