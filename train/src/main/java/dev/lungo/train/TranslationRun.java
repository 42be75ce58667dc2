package dev.lungo.train;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.EncoderDecoderConfig;
import dev.lungo.model.ParameterCount;
import dev.lungo.model.SinusoidalPositions;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.weights.EncoderDecoderFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/// A run from pairs of texts to a model that translates: makes the tokenizer, trains, and leaves a
/// folder like that of a language model.
public final class TranslationRun {
  private static final float NORM_EPSILON = 1e-5f;

  private TranslationRun() {}

  /// What a run came to.
  ///
  /// @param run the folder
  /// @param steps taken in all
  /// @param tokens learned from, of both languages, by this process
  /// @param valLoss held-out nats per token at the end; `valBitsPerByte` per byte of target text
  /// @param heldOutPairs that were translated greedily for `exactMatch` (a share), `bleu` and
  ///   `chrf` (of 100)
  /// @param nextCommands to be tried now
  /// @param tokensPerSecond over the steps of this process
  public record Outcome(
      String run,
      TrainingLoop.End end,
      long steps,
      long tokens,
      long parameters,
      double trainingLoss,
      double valLoss,
      double valBitsPerByte,
      int heldOutPairs,
      double exactMatch,
      double bleu,
      double chrf,
      double tokensPerSecond,
      double trainingSeconds,
      long estimatedBytes,
      long peakBytes,
      List<String> nextCommands) {}

  /// Tells whether a folder holds such a run, which then can be resumed.
  public static boolean isOne(Path folder) throws IOException {
    return EncoderDecoderFolder.isOne(folder);
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
      TranslationSettings settings,
      OptionalLong stopAfter,
      String version,
      RunListener listener)
      throws IOException {
    try (RunFolder owned = RunFolder.create(folder)) {
      return run(owned, settings, stopAfter, version, listener, false);
    }
  }

  /// Goes on with a run that was stopped, to the same end bit by bit.
  public static Outcome resume(
      Path folder, OptionalLong stopAfter, String version, RunListener listener)
      throws IOException {
    try (RunFolder owned = RunFolder.resume(folder)) {
      TranslationSettings settings = Provenance.readSettings(folder, TranslationSettings.class);
      return run(owned, settings, stopAfter, version, listener, true);
    }
  }

  /// Returns commands to try with a run.
  static List<String> nextCommands(String run, TranslationSettings settings) {
    String text = settings.corpus().isEmpty() ? "two hundred forty-one" : "I am tired.";
    return List.of(
        "./lungo translate " + run + " '" + text + "'",
        "./lungo translate " + run + " '" + text + "' --beam 4 --alignment");
  }

  private static Outcome run(
      RunFolder folder,
      TranslationSettings settings,
      OptionalLong stopAfter,
      String version,
      RunListener listener,
      boolean resumed)
      throws IOException {
    TranslationData data = TranslationData.open(folder.path(), settings, resumed, listener);
    EncoderDecoderConfig config = config(settings, data.tokenizer());
    MemoryEstimate estimate = estimate(config, settings);
    estimate.check();
    try (Kernels kernels = KernelChoice.open(settings.threads());
        EncoderDecoder model = new EncoderDecoder(config, true)) {
      model.parameters().initialize(new RandomNumbers(settings.seed()));
      listener.phase("model", describe(model));
      listener.phase("memory", estimate.toString());
      listener.phase("kernels", kernels.description());
      List<Optimizer> optimizers = TranslationRecipe.optimizers(kernels, model, settings);
      try (ActiveTranslation active =
          new ActiveTranslation(
              settings, folder, data, kernels, model, optimizers, version, listener)) {
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

  private static EncoderDecoderConfig config(TranslationSettings settings, Tokenizer tokenizer) {
    int vocabulary = tokenizer.vocabularySize();
    return new EncoderDecoderConfig(
        vocabulary,
        vocabulary,
        settings.width(),
        settings.depth(),
        settings.depth(),
        settings.heads(),
        4 * settings.width(),
        settings.longest() + 1,
        settings.norm(),
        settings.activation(),
        SinusoidalPositions.INTERLEAVED,
        settings.shared(),
        NORM_EPSILON,
        true,
        false,
        false,
        tokenizer.idOf(TranslationData.START).orElseThrow(),
        tokenizer.idOf(TranslationData.END).orElseThrow(),
        true);
  }

  /// Estimates each result and each gradient that is not the memory of another, for positions of
  /// both sides.
  private static MemoryEstimate estimate(
      EncoderDecoderConfig config, TranslationSettings settings) {
    long count = ParameterCount.of(config).total();
    long moments =
        switch (settings.optimizer()) {
          case ADAMW -> 2 * count;
          case MUON -> count + count / 2;
        };
    long width = config.width();
    long inner = 6L * config.feedForward();
    long encoder = config.encoderLayers() * (18 * width + inner);
    long decoder = config.decoderLayers() * (34 * width + inner);
    long rows = settings.batchTokens();
    long table = (long) config.targetVocabulary() * width + 256L * config.targetVocabulary();
    return new MemoryEstimate(
        2 * count * Float.BYTES,
        moments * Float.BYTES,
        (rows * (encoder + decoder + 12 * width) + table) * Float.BYTES);
  }

  private static String describe(EncoderDecoder model) {
    EncoderDecoderConfig config = model.config();
    return String.format(
        Locale.ROOT,
        "encoder–decoder, %,d parameters: %d + %d layers of width %d, %d heads, %s-norm, %s",
        model.parameters().count(),
        config.encoderLayers(),
        config.decoderLayers(),
        config.width(),
        config.heads(),
        config.norm().name().toLowerCase(Locale.ROOT),
        config.activation().name().toLowerCase(Locale.ROOT));
  }
}
