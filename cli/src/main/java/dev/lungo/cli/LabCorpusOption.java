package dev.lungo.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// What the models of an experiment learn from.
final class LabCorpusOption {
  @Option(
      names = "--corpus",
      paramLabel = "PATH",
      description = "Text to learn from (default: the source code of this JDK).")
  private Optional<Path> corpus = Optional.empty();

  /// Returns the path, empty for the JDK's sources.
  String path() {
    return corpus.map(Path::toString).orElse("");
  }
}
