package dev.lungo.cli;

import java.io.FileDescriptor;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.Help.Ansi;

/// Sets the standard streams up and knows whether a terminal is at their ends.
///
/// The JVM warns on standard error about the incubating vector module at every start and has no
/// switch against it. The launcher therefore gives the JVM a filtered standard error and keeps the
/// real one at descriptor 3, which this class puts back: `lungo.stderr` says by which path, or that
/// it is a file. What the launcher found out about the terminal comes in `lungo.terminal`.
final class StandardStreams {
  private static final String TERMINAL = System.getProperty("lungo.terminal", "");

  private StandardStreams() {}

  /// Makes both streams UTF-8 and standard error the caller's own.
  static void prepare() {
    System.setOut(
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8));
    String real = System.getProperty("lungo.stderr", "");
    if (real.equals("file")) {
      System.setErr(errors(ownDescriptor()));
    } else if (!real.isEmpty()) {
      try {
        System.setErr(errors(new FileOutputStream(real, true)));
      } catch (FileNotFoundException socketOrForeignTerminal) {
        // Such a descriptor cannot be opened by path; the filtered stream leads to the same place.
      }
    }
  }

  private static PrintStream errors(OutputStream stream) {
    return new PrintStream(stream, true, StandardCharsets.UTF_8);
  }

  /// Makes descriptor 3 the process' standard error. A file that is opened anew has another
  /// position than standard output and the shell, which then write over each other's lines (`> log
  /// 2>&1`); that is worth the 0.1 s of a first native call.
  @SuppressWarnings("restricted")
  private static OutputStream ownDescriptor() {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor dup2 =
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    MemorySegment symbol = linker.defaultLookup().findOrThrow("dup2");
    try {
      // If it fails, the filtered stream is still there.
      int _ = (int) linker.downcallHandle(symbol, dup2).invokeExact(3, 2);
    } catch (Throwable impossible) {
      throw new IllegalStateException("dup2 throws nothing", impossible);
    }
    return new FileOutputStream(FileDescriptor.err);
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
