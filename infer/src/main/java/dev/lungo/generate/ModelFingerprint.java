package dev.lungo.generate;

import dev.lungo.model.ModelConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.stream.Stream;

/// Tells models apart without reading their weights: by their sizes, and by name, length and time
/// of change of their files.
record ModelFingerprint(byte[] sha256) {
  static ModelFingerprint of(Path path, ModelConfig config) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    digest.update(config.toString().getBytes(StandardCharsets.UTF_8));
    for (Path file : weights(path)) {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      String line =
          "\n"
              + file.getFileName()
              + " "
              + attributes.size()
              + " "
              + attributes.lastModifiedTime().toMillis();
      digest.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return new ModelFingerprint(digest.digest());
  }

  /// Tells the same model apart where it places tokens in another way.
  ///
  /// @param regime of [ModelConfig#positionRegime]
  ModelFingerprint at(int regime) {
    byte[] other = sha256.clone();
    for (int i = 0; i < Integer.BYTES; i++) {
      other[i] ^= (byte) (regime >>> 8 * i);
    }
    return new ModelFingerprint(other);
  }

  private static List<Path> weights(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    try (Stream<Path> files = Files.list(path)) {
      return files.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList();
    }
  }
}
