package dev.lungo.cli;

import dev.lungo.lab.Finding;
import dev.lungo.lab.PositionsLab;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Trains a model with each kind of positions and reads longer texts with it.
@Command(
    name = "positions",
    description = {
      "Train the same small model with each kind of positions at 256 tokens",
      "and measure it on texts of 256 to 4,096."
    },
    sortOptions = false)
final class LabPositionsCommand implements Callable<Integer> {
  private static final double DEFAULT_MINUTES = 10;

  /// Steps of each model that take a minute in all, evaluations included, on two cores.
  private static final double STEPS_PER_MINUTE = 60;

  private static final long QUICK_STEPS = 60;
  private static final long EVALUATION_TOKENS = 65_536;
  private static final long QUICK_EVALUATION_TOKENS = 8192;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();
  @Mixin private final LabCorpusOption corpus = new LabCorpusOption();

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = "About how long it may take on two cores (default: 10).")
  private double minutes = DEFAULT_MINUTES;

  @Option(names = "--steps", paramLabel = "N", description = "Steps of each model instead.")
  private Optional<Long> steps = Optional.empty();

  @Option(names = "--quick", description = "A minute or two, to see how it goes.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write (default: ${DEFAULT-VALUE}).",
      defaultValue = "lab-positions.html")
  private Path out;

  /// What is printed as JSON.
  record Result(List<PositionsLab.Row> rows, List<Finding> findings, String page) {}

  @Override
  public Integer call() throws Exception {
    long usual = quick ? QUICK_STEPS : Math.max(1, Math.round(minutes * STEPS_PER_MINUTE));
    PositionsLab.Settings settings =
        new PositionsLab.Settings(
            corpus.path(),
            steps.orElse(usual),
            PositionsLab.LENGTHS,
            quick ? QUICK_EVALUATION_TOKENS : EVALUATION_TOKENS,
            seed.value(),
            threads.count());
    try (LabScreen screen = new LabScreen(console)) {
      PositionsLab.Outcome outcome = PositionsLab.run(settings, screen);
      screen.show(outcome.report(), out);
      console.result(new Result(outcome.rows(), outcome.report().findings(), out.toString()));
    }
    return 0;
  }
}
