package dev.lungo.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Holds the experiments together.
@Command(
    name = "lab",
    description = "Run an experiment: what theory expects beside what is measured here.",
    subcommands = {
      LabGradientsCommand.class,
      LabArchitecturesCommand.class,
      LabAttentionCommand.class,
      LabPositionsCommand.class,
      LabContextCommand.class
    })
final class LabCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(),
        "lab does one of " + String.join(", ", spec.subcommands().keySet()) + "; name one");
  }
}
