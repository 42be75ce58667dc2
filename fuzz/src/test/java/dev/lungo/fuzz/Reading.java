package dev.lungo.fuzz;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Gives bytes to a reader as a file, and tells a refusal from a failure.
final class Reading {
  /// Reads a file, and lets go of what it read.
  @FunctionalInterface
  interface Reader {
    void read(Path file) throws IOException;
  }

  private static final Path FOLDER = temporary();

  private Reading() {}

  private static Path temporary() {
    try {
      Path memory = Path.of("/dev/shm");
      Path folder =
          Files.isWritable(memory)
              ? Files.createTempDirectory(memory, "lungo-fuzz")
              : Files.createTempDirectory("lungo-fuzz");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      System.err.println("left behind: " + e.getMessage());
    }
  }

  /// Returns a folder for the target's files.
  static Path folder() {
    return FOLDER;
  }

  /// Lets `reader` read `bytes` as a file of this name. It may refuse them in the one way that all
  /// readers have; everything else is a finding.
  static void of(String name, byte[] bytes, Reader reader) throws IOException {
    Path file = FOLDER.resolve(name);
    Files.write(file, bytes);
    try {
      reader.read(file);
    } catch (MalformedFileException refused) {
      if (!refused.file().startsWith(FOLDER.toString())
          || refused.field().isEmpty()
          || refused.offset() < 0) {
        throw new IllegalStateException("a refusal that says too little", refused);
      }
    }
  }
}
