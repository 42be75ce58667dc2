package dev.lungo.cli;

import dev.lungo.tune.ContextExtension;
import dev.lungo.tune.ContextMethod;
import dev.lungo.tune.ContextSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;

/// How a model's context is extended: `@Mixin private final ContextOptions context = new
/// ContextOptions();`.
final class ContextOptions {
  private static final double DEFAULT_RATE = 1e-4;
  private static final long CORPUS_STEPS = 500;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Let the model read N positions, more than it was trained on.")
  private Optional<Integer> context = Optional.empty();

  @Option(
      names = "--rope-scaling",
      paramLabel = "NAME",
      description =
          "With --context: linear, ntk, dynamic, yarn, longrope, llama3 or none"
              + " (default: ${DEFAULT-VALUE}).",
      defaultValue = "yarn")
  private ContextMethod method;

  @Option(
      names = "--corpus",
      paramLabel = "PATH",
      description =
          "Text to go on learning from, with lora or full. With --context: text to measure and train"
              + " on (default: this JDK's source).")
  private Optional<Path> corpus = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description =
          "Steps to take on --corpus (default: 500). With --context: windows of N positions to train"
              + " on (default: 0).")
  private Optional<Long> steps = Optional.empty();

  @Option(
      names = "--candidates",
      paramLabel = "N",
      description = "With longrope: divisors that its search tries (default: ${DEFAULT-VALUE}).",
      defaultValue = "16")
  private int candidates;

  /// Says whether a context is to be extended.
  boolean wanted() {
    return context.isPresent();
  }

  /// Returns the text to learn from, if one is named.
  Optional<Path> corpus() {
    return corpus;
  }

  /// Returns how many steps to take on it.
  long corpusSteps() {
    return steps.orElse(CORPUS_STEPS);
  }

  /// Returns what the new folder is called after.
  String purpose() {
    return method.label() + "-" + context.orElse(0);
  }

  /// Extends a model's context.
  ///
  /// @param rate learning rate; 0 for the usual one
  int extend(Path model, Path folder, double rate, long seed, int threads, Console console)
      throws IOException {
    ContextSettings settings =
        new ContextSettings(
            context.orElseThrow(),
            method,
            corpus.map(Path::toString).orElse(""),
            steps.orElse(0L),
            rate == 0 ? DEFAULT_RATE : rate,
            candidates,
            seed,
            threads);
    TuneScreen screen = new TuneScreen(console);
    ContextExtension.Outcome outcome =
        ContextExtension.run(model, folder, settings, Version.current().lungo(), screen);
    console.print(
        String.format(
            Locale.ROOT,
            "%s reads %,d positions by %s: %.4f bits per byte over such windows, after %d steps"
                + " (%.4f with only the limit of %,d lifted)",
            outcome.model(),
            outcome.context(),
            outcome.method(),
            outcome.bitsPerByte(),
            outcome.steps(),
            outcome.bitsPerByteBefore(),
            outcome.contextBefore()));
    console.print("Next: ./lungo generate " + outcome.model() + " --prompt 'public static'");
    console.result(outcome);
    return 0;
  }
}
