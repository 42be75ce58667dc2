package dev.lungo.train;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.RecurrentConfig;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.ModelDial.Sizes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// A run from corpus to model: prepares the data, trains, and leaves a folder that other tools
/// open.
public final class TrainingRun {
  private final TrainingSettings settings;
  private final OptionalLong stopAfter;
  private final String version;
  private final RunListener listener;

  /// What a run came to.
  ///
  /// @param run the folder
  /// @param steps taken in all
  /// @param tokens learned from in all
  /// @param valBitsPerByte held-out bits per byte at the end
  /// @param valLoss held-out nats per token at the end
  /// @param tokensPerSecond over the steps of this process
  /// @param shareOfPeak of the machine's measured arithmetic
  /// @param estimatedBytes of memory, and `peakBytes` of tensors really in use
  public record Outcome(
      String run,
      TrainingLoop.End end,
      long steps,
      long tokens,
      long parameters,
      double trainingLoss,
      double valLoss,
      double valBitsPerByte,
      double tokensPerSecond,
      double shareOfPeak,
      double trainingSeconds,
      long estimatedBytes,
      long peakBytes) {}

  private TrainingRun(
      TrainingSettings settings, OptionalLong stopAfter, String version, RunListener listener) {
    this.settings = settings;
    this.stopAfter = stopAfter;
    this.version = version;
    this.listener = listener;
  }

  /// Trains a model from the beginning.
  ///
  /// @param folder new or empty
  /// @param stopAfter the step after which to stop, so that the run can be resumed
  /// @param version of Lungo, for the record
  /// @throws IllegalArgumentException if the settings do not fit each other or the data, or the
  ///   folder is in use
  public static Outcome start(
      Path folder,
      TrainingSettings settings,
      OptionalLong stopAfter,
      String version,
      RunListener listener)
      throws IOException {
    TrainingRun run = new TrainingRun(settings, stopAfter, version, listener);
    try (RunFolder owned = RunFolder.create(folder);
        RunData data = RunData.prepare(folder, settings, listener)) {
      return run.train(owned, data, false);
    }
  }

  /// Goes on with a run that was stopped, to the same end bit by bit.
  public static Outcome resume(
      Path folder, OptionalLong stopAfter, String version, RunListener listener)
      throws IOException {
    try (RunFolder owned = RunFolder.resume(folder)) {
      TrainingSettings settings = Provenance.readSettings(folder, TrainingSettings.class);
      String source = Provenance.readField(folder, "data", Provenance.Data.class).source();
      TrainingRun run = new TrainingRun(settings, stopAfter, version, listener);
      try (RunData data = RunData.open(folder, source)) {
        return run.train(owned, data, true);
      }
    }
  }

  /// Returns commands to try with a run.
  public static List<String> nextCommands(String run) {
    return List.of(
        "./lungo generate " + run + " --prompt 'public static' -n 200",
        "./lungo tokenizer inspect --tokenizer " + run + " 'int count = 0;'",
        "./lungo train --minutes 30 --depth 6");
  }

  private Outcome train(RunFolder folder, RunData data, boolean resumed) throws IOException {
    ModelConfig config =
        ModelDial.config(
            settings.architecture(),
            new Sizes(
                settings.depth(),
                settings.width(),
                settings.heads(),
                settings.kvHeads(),
                data.tokenizer().vocabularySize(),
                settings.context(),
                settings.dropout(),
                settings.truncation()),
            settings.positions(),
            settings.attention().parsedPattern());
    MemoryEstimate estimate = MemoryEstimate.of(config, settings);
    estimate.check();
    try (Kernels opened = KernelChoice.open(settings.threads());
        LanguageModel model = LanguageModel.create(config, true)) {
      Kernels kernels = opened.with(settings.attention().algorithm());
      model.initialize(new RandomNumbers(settings.seed()));
      announce(model, estimate, kernels);
      List<Optimizer> optimizers = Recipe.optimizers(kernels, model, settings);
      try (ActiveRun active =
          new ActiveRun(settings, folder, data, kernels, model, optimizers, version, listener)) {
        if (resumed) {
          active.resume();
        } else {
          active.begin();
        }
        return active.train(stopAfter, estimate);
      } finally {
        optimizers.forEach(Optimizer::close);
      }
    }
  }

  private void announce(LanguageModel model, MemoryEstimate estimate, Kernels kernels) {
    ModelConfig config = model.config();
    listener.phase(
        "model",
        String.format(
            Locale.ROOT,
            "%s, %,d parameters: %d layers of width %d, %s, context %d",
            settings.architecture().name().toLowerCase(Locale.ROOT),
            model.parameters().count(),
            config.layers(),
            config.width(),
            config instanceof RecurrentConfig recurrent ? reach(recurrent) : attention(config),
            config.context()));
    listener.phase("memory", estimate.toString());
    listener.phase("kernels", kernels.description());
  }

  private String attention(ModelConfig config) {
    return String.format(
        Locale.ROOT,
        "%d heads, %d key/value heads, %s positions, %s attention",
        config.heads(),
        config.kvHeads(),
        settings.positions().label(),
        settings.attention().pattern());
  }

  private static String reach(RecurrentConfig config) {
    int steps = config.truncation() == 0 ? config.context() : config.truncation();
    return "gradients back " + Math.min(steps, config.context()) + " tokens";
  }
}
