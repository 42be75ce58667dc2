package dev.lungo.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Prints the versions of Lungo and of the JDK under it.
@Command(name = "version", description = "Print the versions of Lungo and of the JDK under it.")
final class VersionCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();

  @Override
  public Integer call() {
    Version version = Version.current();
    console.print(version.line());
    console.result(version);
    return 0;
  }
}
