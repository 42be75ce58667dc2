package dev.lungo.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// Finds the token with which a person is known to the hub.
public final class HubToken {
  private static final int LONGEST = 4096;

  private HubToken() {}

  /// Looks in what was given, then in `HF_TOKEN`, then where the hub's own tools keep it:
  /// `$HF_HOME/token`, or `.cache/huggingface/token` in the home folder.
  ///
  /// @param given on the command line
  /// @param home the person's home folder
  public static Optional<String> find(
      Optional<String> given, Map<String, String> environment, Path home) throws IOException {
    String inEnvironment = environment.getOrDefault("HF_TOKEN", "").strip();
    if (given.isPresent()) {
      return given.map(String::strip);
    }
    if (!inEnvironment.isEmpty()) {
      return Optional.of(inEnvironment);
    }
    String hubHome = environment.getOrDefault("HF_HOME", "");
    Path file =
        hubHome.isEmpty()
            ? home.resolve(".cache").resolve("huggingface").resolve("token")
            : Path.of(hubHome, "token");
    if (!Files.isReadable(file) || !Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(LONGEST), StandardCharsets.UTF_8).strip();
      return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
  }
}
