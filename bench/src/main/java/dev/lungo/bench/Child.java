package dev.lungo.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A peer in a process of its own, with its own environment and native libraries.
///
/// The protocol: one request a line, words separated by spaces; one answer a line, `ok` and more
/// words, or `error` and a message. A child ends when its standard input does. Anything else that
/// it prints goes to our standard error.
final class Child implements AutoCloseable {
  private final String name;
  private final Process process;
  private final BufferedWriter requests;
  private final BufferedReader answers;

  /// A native runtime may hang in its own exit when both of us are told to end.
  private final Thread killer;

  private Child(String name, Process process) {
    this.name = name;
    this.process = process;
    this.requests = process.outputWriter();
    this.answers = process.inputReader();
    this.killer = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(killer);
  }

  /// Starts `mainClass` of our class path on our JDK.
  static Child java(String mainClass, Map<String, String> environment, String... jvmArguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            // JavaCPP reads memory the old way, and the JVM would say so on every start.
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path")));
    command.addAll(List.of(jvmArguments));
    command.add(mainClass);
    return start(mainClass.substring(mainClass.lastIndexOf('.') + 1), command, environment);
  }

  /// Starts any program that speaks the protocol.
  ///
  /// @param name what messages call it
  static Child start(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    return new Child(name, builder.start());
  }

  /// Sends one request and returns the words of the answer after `ok`.
  ///
  /// @throws IOException if the child answers `error`, or has ended
  String[] ask(String request) throws IOException {
    requests.write(request);
    requests.newLine();
    requests.flush();
    String line = answers.readLine();
    while (line != null
        && !line.equals("ok")
        && !line.startsWith("ok ")
        && !line.startsWith("error ")) {
      System.err.println(name + ": " + line);
      line = answers.readLine();
    }
    if (line == null) {
      throw new IOException(name + " ended while it was asked: " + request);
    }
    if (line.startsWith("error ")) {
      throw new IOException(
          name + " could not '" + request + "': " + line.substring("error ".length()));
    }
    String words = line.substring("ok".length()).strip();
    return words.isEmpty() ? new String[0] : words.split(" ");
  }

  @Override
  public void close() throws IOException {
    requests.close();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      Runtime.getRuntime().removeShutdownHook(killer);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
