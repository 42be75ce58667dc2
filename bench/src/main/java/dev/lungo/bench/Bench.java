package dev.lungo.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The benchmarks' command line, behind `./lungo bench`.
@Command(
    name = "bench",
    description = "Measure Lungo, side by side with other projects under --peers.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "BENCHMARK",
    subcommands = {
      MatmulBench.class,
      AttentionBench.class,
      TrainingBench.class,
      OperationsBench.class,
      GreedyBench.class,
      TokenizerBench.class,
      SpeedrunBench.class,
      InferenceBench.class,
      ColdStartBench.class,
      ExportBench.class,
      TemplatesBench.class,
      RecurrentBench.class,
      TranslationBench.class
    })
public final class Bench {
  private Bench() {}

  /// Runs one benchmark; exits 0, 1 (it failed) or 2 (usage).
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    CommandLine line = new CommandLine(new Bench());
    line.setExecutionExceptionHandler((exception, command, parsed) -> {
      boolean usage = exception instanceof IllegalArgumentException;
      command.getErr().println("lungo bench: " + exception.getMessage());
      if (!usage || System.getenv("LUNGO_DEBUG") != null) {
        exception.printStackTrace(command.getErr());
      }
      return usage ? 2 : 1;
    });
    return line.execute(arguments);
  }
}
