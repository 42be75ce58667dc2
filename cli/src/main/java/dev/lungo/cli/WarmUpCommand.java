package dev.lungo.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Runs what a usual start runs, so that the launcher can archive the classes that it loads. Users
/// need not call it.
@Command(
    name = "warm-up",
    hidden = true,
    description = "Load what a usual start loads; the launcher records it once to start faster.")
final class WarmUpCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();

  @Override
  public Integer call() {
    for (Commands.Entry entry : Commands.ALL) {
      CommandLine line = LungoCommand.commandLine(entry.name());
      line.getSubcommands().values().forEach(CommandLine::getUsageMessage);
    }
    LungoCommand.execute("version", "--json");
    LungoCommand.execute("no-such-command");
    console.result(Version.current());
    return 0;
  }
}
