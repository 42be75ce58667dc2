package dev.lungo.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The folder of real test data: system property `lungo.testdata`, else `../shared/data` beside the
/// repository.
final class TestData {
  private TestData() {}

  static Optional<Path> cl100k() {
    String property = System.getProperty("lungo.testdata");
    Path folder = property == null ? besideRepository() : Path.of(property);
    Path file = folder.resolve("tokenizers/tiktoken/cl100k_base.tiktoken");
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }

  /// The class path begins with `bench/target/lungo-bench.jar`.
  private static Path besideRepository() {
    Path jar = Path.of(System.getProperty("java.class.path").split(java.io.File.pathSeparator)[0]);
    return jar.toAbsolutePath().resolveSibling("../../../shared/data").normalize();
  }
}
