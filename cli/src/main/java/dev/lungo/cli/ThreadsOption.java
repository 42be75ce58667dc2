package dev.lungo.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `--threads`, for commands that compute: `@Mixin private final ThreadsOption threads = new
/// ThreadsOption();`.
///
/// The number changes how fast the answer comes, never the answer.
final class ThreadsOption {
  private static final int MOST = 1024;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  private int count = Runtime.getRuntime().availableProcessors();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = {
        "Threads to compute with (default: one per core).",
        "The number changes the speed, never the result."
      })
  private void count(int count) {
    if (count < 1 || count > MOST) {
      throw new ParameterException(
          command.commandLine(), "--threads " + count + " is out of range; give 1 to " + MOST);
    }
    this.count = count;
  }

  /// Returns the number of threads to compute with, 1 or more.
  int count() {
    return count;
  }
}
