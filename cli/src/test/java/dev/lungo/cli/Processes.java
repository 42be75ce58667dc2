package dev.lungo.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/// Starts the launcher as a user does.
final class Processes {
  /// What a finished process left behind.
  record Outcome(int status, String out, String err) {}

  private static final long MOST_SECONDS = 300;

  private Processes() {}

  /// Returns the repository's root.
  static Path home() {
    return Path.of(
        Objects.requireNonNull(
            System.getProperty("lungo.home"), "the build sets lungo.home; run these with mvn"));
  }

  /// Starts `launcher` and does not wait.
  ///
  /// @param folder where output is kept
  /// @param environment added to a bare one, in which neither JDK nor Maven are pointed at
  static Process start(
      Path launcher, Path folder, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(Files.createTempFile(folder, "out", ".txt").toFile())
            .redirectError(Files.createTempFile(folder, "err", ".txt").toFile());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("LUNGO_") || name.equals("JAVA_HOME"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }

  /// Starts `launcher` in `folder` and waits for it.
  static Outcome run(
      Path launcher, Path folder, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    Path own = Files.createTempDirectory(folder, "process");
    Process process = start(launcher, own, environment, arguments);
    if (!process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException(launcher + " still ran after " + MOST_SECONDS + " s");
    }
    return new Outcome(process.exitValue(), read(own, "out"), read(own, "err"));
  }

  private static String read(Path folder, String prefix) throws IOException {
    try (var files = Files.newDirectoryStream(folder, prefix + "*")) {
      return Files.readString(files.iterator().next(), StandardCharsets.UTF_8);
    }
  }
}
