package dev.lungo.cli;

import dev.lungo.generate.Generation;
import dev.lungo.generate.TextGeneration;
import dev.lungo.nn.RollingWindow;
import dev.lungo.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How a model is run to continue a prompt: `@Mixin private final RunningOptions running = new
/// RunningOptions();`.
final class RunningOptions {
  @Mixin private final SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      description = "Most tokens to add (default: ${DEFAULT-VALUE}).",
      defaultValue = "200")
  private int tokens;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Stop where this text would come; may be given more than once.")
  private List<String> stops = new ArrayList<>();

  @Option(
      names = "--logprobs",
      paramLabel = "K",
      description = "Show each token's log-probability and the K likeliest in its place.")
  private Optional<Integer> logProbs = Optional.empty();

  @Mixin private final CacheOption cache = new CacheOption();

  @Option(
      names = "--window",
      paramLabel = "N",
      description = {
        "Keep only the latest N positions, and the first ones as --sinks says,",
        "so that texts of any length fit."
      })
  private Optional<Integer> window = Optional.empty();

  @Option(
      names = "--sinks",
      paramLabel = "N",
      description = "With --window, first positions to keep (default: ${DEFAULT-VALUE}).",
      defaultValue = "4")
  private int sinks;

  @Option(
      names = "--prompt-cache",
      paramLabel = "FILE",
      description = {
        "Keep the prompt's keys and values in a file, and go on from there",
        "where the next prompt begins alike."
      })
  private Optional<Path> promptCache = Optional.empty();

  @Option(
      names = "--draft",
      paramLabel = "MODEL",
      converter = ModelPath.class,
      description = "Let a smaller model with the same tokenizer propose tokens.")
  private Optional<Path> draft = Optional.empty();

  @Option(
      names = "--draft-tokens",
      paramLabel = "K",
      description = "How many it proposes at once, 1 to 11 (default: ${DEFAULT-VALUE}).",
      defaultValue = "4")
  private int draftTokens;

  /// Refuses wrong settings before a model is opened.
  void check() {
    sampling.settings();
    cacheType();
  }

  DType cacheType() {
    return cache.type();
  }

  /// Returns how many alternatives of each token to show, none if none are asked for.
  int alternatives() {
    return logProbs.orElse(0);
  }

  /// Opens the draft model, if there is one.
  Optional<TextGeneration> openDraft() throws IOException {
    // One thread: a draft runs on those of the model that it proposes to.
    return draft.isPresent() ? Optional.of(TextGeneration.open(draft.get(), 1)) : Optional.empty();
  }

  /// Describes the continuation of a prompt.
  ///
  /// @param messages gets advice
  Generation describe(
      TextGeneration model,
      Optional<TextGeneration> smaller,
      String prompt,
      Consumer<String> messages) {
    Generation generation =
        model
            .generate(prompt)
            .tokens(tokens)
            .sampling(sampling.settings())
            .stops(stops)
            .cacheType(cacheType());
    logProbs.ifPresent(generation::logProbs);
    promptCache.ifPresent(file -> generation.promptCache(file, messages));
    window.ifPresent(latest -> generation.rolling(new RollingWindow(sinks, latest)));
    smaller.ifPresent(one -> generation.draft(one, draftTokens));
    return generation;
  }
}
