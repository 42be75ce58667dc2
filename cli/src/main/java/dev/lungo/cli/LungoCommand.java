package dev.lungo.cli;

import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The program: picks the command, parses, runs, and turns what went wrong into one line and an
/// exit status.
@Command(
    name = "lungo",
    synopsisSubcommandLabel = "COMMAND",
    description = "The large-language-model system for the JVM.",
    footer = {
      "",
      "Results go to standard output, logs to standard error.",
      "Exit status: 0 done, 1 failed, 2 asked wrongly.",
      "Environment: LUNGO_JAVA_HOME picks the JDK, LUNGO_JAVA_OPTS adds JVM flags,",
      "LUNGO_DEBUG=1 shows stack traces, NO_COLOR turns colours off."
    })
public final class LungoCommand implements Runnable {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and exit.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      description = "Print the versions of Lungo and of the JDK and exit.")
  private boolean version;

  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  public static void main(String[] arguments) {
    // picocli would initialise all of java.time, formatters included, at every start.
    System.setProperty("picocli.converters.excludes", "java.time.*,java.sql.*");
    StandardStreams.prepare();
    System.exit(execute(arguments));
  }

  /// Runs one command line and returns its exit status.
  static int execute(String... arguments) {
    CommandLine line = commandLine(arguments);
    try {
      return line.execute(arguments);
    } catch (OutOfMemoryError | InternalError error) {
      return Failures.report(line, error, Failures.wantsStackTrace(arguments));
    }
  }

  /// Makes the parser. It knows only the command that the first word names, or all of them where no
  /// word does.
  static CommandLine commandLine(String... arguments) {
    CommandLine line = new CommandLine(new LungoCommand());
    Optional<Commands.Entry> named = named(arguments);
    if (named.isPresent()) {
      add(line, named.get());
    } else {
      Commands.ALL.forEach(entry -> add(line, entry));
    }
    line.setParameterExceptionHandler(Failures::usage);
    line.setExecutionExceptionHandler(Failures::execution);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(StandardStreams.ansi()));
    return line;
  }

  private static Optional<Commands.Entry> named(String... arguments) {
    for (Commands.Entry entry : Commands.ALL) {
      if (arguments.length > 0 && entry.name().equals(arguments[0])) {
        return Optional.of(entry);
      }
    }
    return Optional.empty();
  }

  private static void add(CommandLine line, Commands.Entry entry) {
    Callable<Integer> command = entry.make().get();
    line.addSubcommand(entry.name(), command);
  }

  @Override
  public void run() {
    if (version) {
      spec.commandLine().getOut().println(Version.current().line());
      return;
    }
    throw new CommandLine.ParameterException(spec.commandLine(), "no command given");
  }
}
