package dev.lungo.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import org.jspecify.annotations.Nullable;

/// `--threads`, for commands that compute: `@Mixin private ThreadsOption threads;`.
///
/// The number changes how fast the answer comes, never the answer.
final class ThreadsOption {
  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  private int count = Runtime.getRuntime().availableProcessors();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads to compute with; changes the speed, never the result (default: one per core).")
  private void count(int count) {
    if (count < 1 || count > 1024) {
      throw new ParameterException(
          java.util.Objects.requireNonNull(command).commandLine(),
          "--threads " + count + " is out of range; give 1 to 1024");
    }
    this.count = count;
  }

  int count() {
    return count;
  }
}
