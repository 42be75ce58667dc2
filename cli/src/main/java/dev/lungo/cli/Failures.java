package dev.lungo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// Turns what went wrong into one line on standard error and an exit status.
final class Failures {
  private static final int LONGEST_LINE = 2000;

  private Failures() {}

  /// Reports a command line that does not parse: one line and where to read more.
  static int usage(ParameterException wrong, String[] arguments) {
    CommandLine line = wrong.getCommandLine();
    StringBuilder message = new StringBuilder(oneLine(String.valueOf(wrong.getMessage())));
    if (wrong instanceof UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().getFirst();
      boolean isCommand = !line.getSubcommands().isEmpty() && !first.startsWith("-");
      message =
          new StringBuilder(isCommand ? "unknown command " : "unknown argument ").append(first);
      List<String> suggestions = unmatched.getSuggestions();
      if (!suggestions.isEmpty()) {
        message.append("; did you mean ").append(String.join(" or ", suggestions)).append('?');
      }
    }
    String name = line.getCommandSpec().qualifiedName();
    print(line, message + "; see `" + name + " --help`");
    if (wantsStackTrace(arguments)) {
      wrong.printStackTrace(line.getErr());
    }
    return ExitCode.USAGE;
  }

  /// Reports what a running command threw.
  static int execution(Exception exception, CommandLine line, ParseResult parsed) {
    if (exception instanceof ParameterException wrong) {
      return usage(wrong, parsed.originalArgs().toArray(String[]::new));
    }
    return report(line, exception, wantsStackTrace(parsed.originalArgs().toArray(String[]::new)));
  }

  static int report(CommandLine line, Throwable thrown, boolean stackTrace) {
    print(line, describe(thrown));
    if (stackTrace) {
      PrintWriter err = line.getErr();
      thrown.printStackTrace(err);
      err.flush();
    }
    return thrown instanceof IllegalArgumentException ? ExitCode.USAGE : ExitCode.SOFTWARE;
  }

  static boolean wantsStackTrace(String... arguments) {
    String debug = System.getenv("LUNGO_DEBUG");
    return (debug != null && !debug.isEmpty() && !debug.equals("0"))
        || Arrays.asList(arguments).contains("--stacktrace");
  }

  /// Says in one line what happened. Java's file exceptions carry only a path; the class says the
  /// rest.
  private static String describe(Throwable thrown) {
    String message = thrown.getMessage();
    return switch (thrown) {
      case OutOfMemoryError error ->
          "out of memory (" + message + "); ask for less or raise the heap: LUNGO_JAVA_OPTS=-Xmx8g";
      case InternalError error when message != null && message.contains("unsafe memory access") ->
          "a file was cut, or its disk failed, while it was read: is it still being downloaded?";
      case NoSuchFileException error ->
          error.getFile()
              + ": "
              + (error.getReason() == null ? "no such file or directory" : error.getReason());
      case AccessDeniedException error -> error.getFile() + ": permission denied";
      case FileAlreadyExistsException error -> error.getFile() + ": exists already";
      case FileSystemException error when error.getReason() == null ->
          error.getFile() + ": " + error.getClass().getSimpleName();
      case UncheckedIOException error when error.getCause() instanceof IOException cause ->
          describe(cause);
      case IOException error when message != null -> oneLine(message);
      case IllegalArgumentException error when message != null -> oneLine(message);
      case IllegalStateException error when message != null -> oneLine(message);
      default ->
          "internal error: "
              + thrown.getClass().getSimpleName()
              + (message == null ? "" : ": " + oneLine(message))
              + "; run again with --stacktrace and report it";
    };
  }

  /// Makes one line of a message. What files say of themselves may be long, or may hold what moves
  /// a terminal's cursor.
  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "�");
    return line.length() <= LONGEST_LINE ? line : line.substring(0, LONGEST_LINE) + "…";
  }

  private static void print(CommandLine line, String message) {
    PrintWriter err = line.getErr();
    err.println("lungo: " + message);
    err.flush();
  }
}
