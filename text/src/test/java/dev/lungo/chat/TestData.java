package dev.lungo.chat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// Finds files that are not part of the project; a test that needs one is skipped, by name, where
/// it is missing.
final class TestData {
  private TestData() {}

  static Path file(String name) {
    Path file = Path.of(System.getProperty("lungo.testdata", "../../shared/data")).resolve(name);
    Assumptions.assumeTrue(Files.exists(file), "test data is missing: " + file);
    return file;
  }
}
