package dev.lungo.cli;

import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Help.Ansi;

/// Sets the standard streams up and knows whether a terminal is at their ends.
///
/// The JVM warns on standard error about the incubating vector module at every start and has no
/// switch against it. The launcher therefore gives the JVM a filtered standard error and keeps the
/// real one at descriptor 3, which this class puts back. What the launcher found out about the
/// terminal comes in `lungo.terminal`.
final class StandardStreams {
  private static final String TERMINAL = System.getProperty("lungo.terminal", "");

  private StandardStreams() {}

  /// Makes both streams UTF-8 and standard error the caller's own.
  static void prepare() {
    System.setOut(
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8));
    String real = System.getProperty("lungo.stderr", "");
    if (!real.isEmpty()) {
      try {
        // Appending: opening a descriptor's path anew must not truncate the file behind it.
        System.setErr(
            new PrintStream(
                new FileOutputStream(Path.of(real).toFile(), true), true, StandardCharsets.UTF_8));
      } catch (FileNotFoundException socketOrForeignTerminal) {
        // Such a descriptor cannot be opened by path; the filtered stream leads to the same place.
      }
    }
  }

  /// Tells whether a person types standard input.
  static boolean inIsTerminal() {
    return TERMINAL.contains("in");
  }

  /// Tells whether a person reads standard output.
  static boolean outIsTerminal() {
    return TERMINAL.contains("out");
  }

  /// Tells whether a person reads standard error, so that a progress bar makes sense there.
  static boolean errIsTerminal() {
    return TERMINAL.contains("err");
  }

  /// Tells whether to colour standard output: a terminal is there and `NO_COLOR` is not set.
  static Ansi ansi() {
    String noColor = System.getenv("NO_COLOR");
    boolean refused = noColor != null && !noColor.isEmpty();
    return outIsTerminal() && !refused ? Ansi.ON : Ansi.OFF;
  }
}
