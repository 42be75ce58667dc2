package dev.lungo.cli;

import dev.lungo.lab.AttentionLab;
import dev.lungo.lab.Finding;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Measures attention over longer and longer texts.
@Command(
    name = "attention",
    description = {
      "Measure the algorithms and patterns of attention over texts of 512 to 131,072 tokens:",
      "time, memory, bytes moved. About five minutes on two cores."
    },
    sortOptions = false)
final class LabAttentionCommand implements Callable<Integer> {
  private static final int LONGEST = 131_072;
  private static final int QUICK_LONGEST = 4096;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Option(
      names = "--longest",
      paramLabel = "N",
      description = "Tokens of the longest text (default: 131072).")
  private Optional<Integer> longest = Optional.empty();

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description =
          "The most that one measurement may take; what would take longer is left out"
              + " (default: ${DEFAULT-VALUE}).",
      defaultValue = "60")
  private double seconds;

  @Option(names = "--quick", description = "Up to 4,096 tokens: a few seconds.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page to write (default: ${DEFAULT-VALUE}).",
      defaultValue = "lab-attention.html")
  private Path out;

  /// What is printed as JSON.
  record Result(
      List<AttentionLab.Row> rows, List<String> skipped, List<Finding> findings, String page) {}

  @Override
  public Integer call() throws Exception {
    AttentionLab.Settings settings =
        new AttentionLab.Settings(
            longest.orElse(quick ? QUICK_LONGEST : LONGEST), seconds, threads.count());
    try (LabScreen screen = new LabScreen(console)) {
      AttentionLab.Outcome outcome = AttentionLab.run(settings, screen);
      screen.show(outcome.report(), out);
      console.result(
          new Result(
              outcome.rows(), outcome.skipped(), outcome.report().findings(), out.toString()));
    }
    return 0;
  }
}
