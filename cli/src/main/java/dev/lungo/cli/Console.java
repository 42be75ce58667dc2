package dev.lungo.cli;

import com.fasterxml.jackson.annotation.JsonInclude.Include;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/// Carries the options that every command has, and prints. Each command holds one: `@Mixin private
/// final Console console = new Console();`.
///
/// Without `--json`, [#print] writes results for people. With it, [#print] is silent and [#result]
/// writes one JSON object, so that a command calls both and never asks which.
final class Console {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--json",
      description = "End standard output with the result as one JSON object on one line.")
  private boolean json;

  @Option(names = "--stacktrace", description = "Show where an error came from.")
  private boolean stacktrace;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help and exit.")
  private boolean help;

  /// Tells whether the caller asked for JSON.
  boolean json() {
    return json;
  }

  /// Prints one line of the result for people; nothing under `--json`.
  void print(String line) {
    if (!json) {
      PrintWriter out = out();
      out.println(line);
      out.flush();
    }
  }

  /// Prints part of a line of the result at once, as streamed text needs it; nothing under
  /// `--json`.
  void printPart(String part) {
    if (!json) {
      PrintWriter out = out();
      out.print(part);
      out.flush();
    }
  }

  /// Prints the result as one line of JSON under `--json`; nothing otherwise. Call it once, last.
  ///
  /// @param result a record (its components become the keys), or a map with string keys in the
  ///   order to print
  void result(Object result) {
    if (json) {
      printJson(result);
    }
  }

  /// Prints any value as one line of JSON, for commands that answer line by line (`--json-lines`).
  void printJson(Object value) {
    PrintWriter out = out();
    out.println(Json.MAPPER.writeValueAsString(value));
    out.flush();
  }

  /// Prints one line of progress or advice to standard error.
  void log(String line) {
    PrintWriter err = command.commandLine().getErr();
    err.println(line);
    err.flush();
  }

  /// Returns standard output itself, for a command that writes a format of its own.
  PrintWriter out() {
    return command.commandLine().getOut();
  }

  /// Loaded only when JSON is printed: the mapper costs more than the rest of a start.
  private static final class Json {
    static final JsonMapper MAPPER =
        JsonMapper.builder()
            .changeDefaultPropertyInclusion(all -> all.withValueInclusion(Include.NON_ABSENT))
            .build();
  }
}
