package dev.lungo.bench;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The folder of real test data: system property `lungo.testdata`, else `../shared/data` beside the
/// repository.
final class TestData {
  private TestData() {}

  /// Finds a file or folder by its path within the test data.
  static Optional<Path> find(String path) {
    String property = System.getProperty("lungo.testdata");
    Path folder = property == null ? repository().resolve("../shared/data") : Path.of(property);
    Path found = folder.resolve(path).normalize();
    return Files.exists(found) ? Optional.of(found) : Optional.empty();
  }

  static Optional<Path> cl100k() {
    return find("tokenizers/tiktoken/cl100k_base.tiktoken");
  }

  /// Returns the root of the repository: the class path begins with `bench/target/lungo-bench.jar`.
  static Path repository() {
    Path jar = Path.of(System.getProperty("java.class.path").split(File.pathSeparator)[0]);
    return jar.toAbsolutePath().resolveSibling("../..").normalize();
  }
}
