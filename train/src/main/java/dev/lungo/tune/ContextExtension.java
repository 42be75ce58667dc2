package dev.lungo.tune;

import dev.lungo.file.AtomicFiles;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.RopeScaling;
import dev.lungo.nn.Parameter;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.train.BatchSource;
import dev.lungo.train.Budget;
import dev.lungo.train.Evaluation;
import dev.lungo.train.Machine;
import dev.lungo.train.MemoryEstimate;
import dev.lungo.train.Provenance;
import dev.lungo.train.Recipe;
import dev.lungo.train.RunData;
import dev.lungo.train.ShardBatches;
import dev.lungo.train.TemporaryData;
import dev.lungo.train.TrainingSettings;
import dev.lungo.train.TrainingStep;
import dev.lungo.weights.ModelConfigJson;
import dev.lungo.weights.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Lets a trained model read longer texts: another configuration, if wanted a few steps of training
/// on long windows, and a new folder.
public final class ContextExtension {
  /// What goes along with the weights.
  private static final List<String> COMPANIONS =
      List.of("tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json");

  private final Path base;
  private final Path out;
  private final ContextSettings settings;
  private final String version;
  private final TuneListener listener;

  /// What an extension came to. Bits per byte are those of held-out windows of the new context;
  /// `before` is the model that only had its limit lifted.
  ///
  /// @param model the new folder
  public record Outcome(
      String model,
      String method,
      int contextBefore,
      int context,
      long steps,
      double bitsPerByteBefore,
      double bitsPerByte) {}

  private ContextExtension(
      Path base, Path out, ContextSettings settings, String version, TuneListener listener) {
    this.base = base;
    this.out = out;
    this.settings = settings;
    this.version = version;
    this.listener = listener;
  }

  /// Extends the model in the folder `base` and saves it in `out`.
  ///
  /// @param version of Lungo, for the record
  /// @throws IllegalArgumentException if the method does not suit the model, or `out` is in use
  public static Outcome run(
      Path base, Path out, ContextSettings settings, String version, TuneListener listener)
      throws IOException {
    return new ContextExtension(base, out, settings, version, listener).run();
  }

  /// Returns a trainable model with another configuration and the same parameters. Where a table of
  /// positions grows, its new rows have first values.
  public static LanguageModel copy(LanguageModel model, ModelConfig config, long seed) {
    LanguageModel copy = LanguageModel.create(config, true);
    copy.parameters().initialize(new RandomNumbers(seed));
    Map<String, Tensor> from = new HashMap<>();
    for (Parameter parameter : model.parameters().all()) {
      from.put(parameter.name(), parameter.tensor());
    }
    for (Parameter parameter : copy.parameters().all()) {
      Tensor source = from.get(parameter.name());
      if (source == null || source.elements() > parameter.tensor().elements()) {
        copy.close();
        throw new IllegalArgumentException(
            "the model has no " + parameter.name() + " that fits the other configuration");
      }
      parameter.tensor().data().asSlice(0, source.data().byteSize()).copyFrom(source.data());
    }
    return copy;
  }

  private Outcome run() throws IOException {
    if (Files.exists(out)) {
      throw new IllegalArgumentException(out + " is there already; choose another --out");
    }
    if (!Files.isDirectory(base)) {
      throw new IllegalArgumentException(
          base + " is no folder of a model; ./lungo export writes one with --format safetensors");
    }
    // Refused before anything is read.
    ModelConfig extended = settings.method().extend(ModelConfigJson.read(base), settings.context());
    TrainingSettings training = settings.training(base.resolve("tokenizer.json").toString());
    if (settings.steps() > 0) {
      MemoryEstimate.of(extended, training).check();
    }
    try (Kernels kernels = KernelChoice.open(settings.threads());
        LanguageModel model = ModelFolder.load(base, false);
        TemporaryData temporary = TemporaryData.prepare(training, listener::phase)) {
      return extend(kernels, model, extended, temporary.data(), training);
    }
  }

  private Outcome extend(
      Kernels kernels,
      LanguageModel model,
      ModelConfig extended,
      RunData data,
      TrainingSettings training)
      throws IOException {
    ModelConfig lifted = ContextMethod.NONE.extend(model.config(), settings.context());
    double before = bitsPerByte(kernels, model, lifted, data);
    listener.phase("unchanged", text(before));
    ModelConfig chosen = extended;
    if (settings.method() == ContextMethod.LONGROPE && model.config() instanceof LlamaConfig old) {
      RopeScaling found =
          new LongRopeSearch(
                  old,
                  settings.context(),
                  scaling ->
                      bitsPerByte(
                          kernels,
                          model,
                          old.reaching(settings.context(), old.ropeBase(), scaling),
                          data),
                  settings.seed())
              .run(settings.candidates());
      chosen = old.reaching(settings.context(), old.ropeBase(), found);
      listener.phase("longrope", "the best of " + settings.candidates() + " sets of divisors");
    }
    try (LanguageModel longer = copy(model, chosen, settings.seed())) {
      listener.phase("stretched", text(bitsPerByte(kernels, longer, data)));
      train(kernels, longer, data, training);
      double after = bitsPerByte(kernels, longer, data);
      Outcome outcome =
          new Outcome(
              out.toString(),
              settings.method().label(),
              model.config().context(),
              settings.context(),
              settings.steps(),
              before,
              after);
      save(kernels, longer, data, outcome);
      return outcome;
    }
  }

  private void train(
      Kernels kernels, LanguageModel model, RunData data, TrainingSettings training) {
    if (settings.steps() == 0) {
      return;
    }
    List<Optimizer> optimizers = Recipe.optimizers(kernels, model, training);
    BatchSource batches = ShardBatches.training(data.training(), settings.seed());
    Budget budget =
        new Budget(
            1,
            OptionalLong.of(settings.steps()),
            training.warmup(),
            training.decayShare(),
            training.decay());
    try (TrainingStep step =
        new TrainingStep(kernels, model, optimizers, 1, settings.context(), 1, training.clip())) {
      long started = System.nanoTime();
      for (long number = 1; number <= settings.steps(); number++) {
        TrainingStep.Result result = step.run(number, batches, budget.rateFactor(number));
        listener.progressed(
            TuneListener.Progress.of(
                "training", "windows", number, settings.steps(), result.loss(), started));
      }
    } finally {
      optimizers.forEach(Optimizer::close);
    }
  }

  private double bitsPerByte(
      Kernels kernels, LanguageModel model, ModelConfig config, RunData data) {
    try (LanguageModel other = copy(model, config, settings.seed())) {
      return bitsPerByte(kernels, other, data);
    }
  }

  private double bitsPerByte(Kernels kernels, LanguageModel model, RunData data) {
    int length = settings.context();
    long batches = ShardBatches.heldOutBatches(data.heldOut(), 1, length, 4L * length);
    try (Evaluation evaluation =
        new Evaluation(
            kernels,
            model,
            ShardBatches.heldOut(data.heldOut(), batches),
            batches,
            1,
            length,
            data.tokenizer().byteCounts())) {
      return evaluation.run().bitsPerByte();
    }
  }

  private static String text(double bitsPerByte) {
    return String.format(
        Locale.ROOT, "%.4f bits per byte over windows of the new context", bitsPerByte);
  }

  private void save(Kernels kernels, LanguageModel model, RunData data, Outcome outcome)
      throws IOException {
    Files.createDirectories(out);
    for (String name : COMPANIONS) {
      if (Files.isRegularFile(base.resolve(name))) {
        byte[] bytes = Files.readAllBytes(base.resolve(name));
        AtomicFiles.write(out.resolve(name), stream -> stream.write(bytes));
      }
    }
    data.tokenizer().save(out.resolve("tokenizer.json"));
    new Provenance(
            Map.of("base", base.toString(), "extension", Provenance.asMap(settings)),
            settings.seed(),
            new Provenance.Data(data.source(), "", data.training().size(), data.heldOut().size()),
            data.tokenizer().fingerprint(),
            Machine.current(kernels.description()),
            version,
            Instant.now(),
            Optional.of(Instant.now()),
            Provenance.asMap(outcome))
        .write(out);
    ModelFolder.save(out, model, ModelConfigJson.readSpecialTokens(base));
  }
}
