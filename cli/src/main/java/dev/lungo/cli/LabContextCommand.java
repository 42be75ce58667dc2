package dev.lungo.cli;

import dev.lungo.lab.ContextLab;
import dev.lungo.lab.Finding;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Trains a model on short texts and lets it read long ones in every way.
@Command(
    name = "context",
    description = {
      "Train a small model at 512 tokens and let it read long texts:",
      "passkeys, bits per byte, memory and speed by each way to extend a context."
    },
    sortOptions = false)
final class LabContextCommand implements Callable<Integer> {
  private static final long STEPS = 1500;
  private static final List<Integer> LENGTHS = List.of(4096, 32_768, 131_072);
  private static final long QUICK_STEPS = 600;
  private static final List<Integer> QUICK_LENGTHS = List.of(2048, 4096);

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();
  @Mixin private final LabCorpusOption corpus = new LabCorpusOption();

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Steps of training (default: 1500; 600 with --quick).")
  private Optional<Long> steps = Optional.empty();

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      description = "Lengths of the texts (default: 4096,32768,131072; 2048,4096 with --quick).")
  private List<Integer> lengths = List.of();

  @Option(names = "--quick", description = "A minute or two, to see how it goes.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write (default: ${DEFAULT-VALUE}).",
      defaultValue = "lab-context.html")
  private Path out;

  /// What is printed as JSON.
  record Result(List<ContextLab.Row> rows, List<Finding> findings, String page) {}

  @Override
  public Integer call() throws Exception {
    List<Integer> usual = quick ? QUICK_LENGTHS : LENGTHS;
    ContextLab.Settings settings =
        new ContextLab.Settings(
            corpus.path(),
            steps.orElse(quick ? QUICK_STEPS : STEPS),
            lengths.isEmpty() ? usual : lengths,
            seed.value(),
            threads.count());
    try (LabScreen screen = new LabScreen(console)) {
      ContextLab.Outcome outcome = ContextLab.run(settings, screen);
      screen.show(outcome.report(), out);
      console.result(new Result(outcome.rows(), outcome.report().findings(), out.toString()));
    }
    return 0;
  }
}
