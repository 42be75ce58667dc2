package dev.lungo.cli;

import dev.lungo.lab.ArchitecturesLab;
import dev.lungo.lab.Finding;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Trains four architectures on the same characters in the same time.
@Command(
    name = "architectures",
    description = {
      "Train an RNN, an LSTM, a GRU and a Transformer with about as many parameters",
      "on the same characters, each as long as the others."
    },
    sortOptions = false)
final class LabArchitecturesCommand implements Callable<Integer> {
  private static final double MINUTES = 8;
  private static final double QUICK_MINUTES = 1;
  private static final int MODELS = 4;
  private static final long EVALUATION_TOKENS = 32_768;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();
  @Mixin private final SeedOption seed = new SeedOption();
  @Mixin private final LabCorpusOption corpus = new LabCorpusOption();

  @Option(
      names = "--minutes",
      paramLabel = "M",
      description = "Training of all four together (default: 8; 1 with --quick).")
  private Optional<Double> minutes = Optional.empty();

  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "The dial that sizes follow (default: ${DEFAULT-VALUE}).",
      defaultValue = "2")
  private int depth;

  @Option(names = "--quick", description = "A minute, to see how it goes.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write (default: ${DEFAULT-VALUE}).",
      defaultValue = "lab-architectures.html")
  private Path out;

  /// What is printed as JSON.
  record Result(List<ArchitecturesLab.Row> rows, List<Finding> findings, String page) {}

  @Override
  public Integer call() throws Exception {
    double all = minutes.orElse(quick ? QUICK_MINUTES : MINUTES);
    ArchitecturesLab.Settings settings =
        new ArchitecturesLab.Settings(
            corpus.path(),
            60 * all / MODELS,
            depth,
            EVALUATION_TOKENS,
            seed.value(),
            threads.count());
    try (LabScreen screen = new LabScreen(console)) {
      ArchitecturesLab.Outcome outcome = ArchitecturesLab.run(settings, screen);
      screen.show(outcome.report(), out);
      console.result(new Result(outcome.rows(), outcome.report().findings(), out.toString()));
    }
    return 0;
  }
}
