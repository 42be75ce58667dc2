package dev.lungo.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What a command reads: a file, standard input, or a text given on the command line.
final class InputText {
  @Parameters(
      arity = "0..1",
      paramLabel = "INPUT",
      defaultValue = "-",
      description = "File to read, or - for standard input (default: -).")
  private String input;

  @Option(names = "--text", paramLabel = "TEXT", description = "Take this text instead.")
  private Optional<String> text = Optional.empty();

  /// Returns what errors call the input.
  String name() {
    return text.isPresent() ? "--text" : input.equals("-") ? "standard input" : input;
  }

  /// Opens the bytes of the input.
  InputStream open() throws IOException {
    if (text.isPresent()) {
      return new ByteArrayInputStream(text.get().getBytes(StandardCharsets.UTF_8));
    }
    return input.equals("-") ? System.in : Files.newInputStream(Path.of(input));
  }

  /// Reads the input whole.
  byte[] readAll() throws IOException {
    try (InputStream in = open()) {
      return in.readAllBytes();
    }
  }
}
