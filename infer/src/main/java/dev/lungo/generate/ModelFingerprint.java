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
///
/// The files are looked at when the model is opened; the digest is made when it is asked for, since
/// most texts are generated without a prompt cache and a start should not pay for it.
///
/// @param files a line of name, length and time for each file of weights
/// @param regime of [ModelConfig#positionRegime]: the same model placing tokens in another way
record ModelFingerprint(ModelConfig config, String files, int regime) {
  static ModelFingerprint of(Path path, ModelConfig config) throws IOException {
    StringBuilder files = new StringBuilder();
    for (Path file : weights(path)) {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      files.append('\n').append(file.getFileName());
      files.append(' ').append(attributes.size());
      files.append(' ').append(attributes.lastModifiedTime().toMillis());
    }
    return new ModelFingerprint(config, files.toString(), 0);
  }

  /// Returns that of the same model where it places tokens in another way.
  ModelFingerprint at(int regime) {
    return new ModelFingerprint(config, files, regime);
  }

  byte[] sha256() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(config.toString().getBytes(StandardCharsets.UTF_8));
      digest.update(files.getBytes(StandardCharsets.UTF_8));
      byte[] sum = digest.digest();
      for (int i = 0; i < Integer.BYTES; i++) {
        sum[i] ^= (byte) (regime >>> 8 * i);
      }
      return sum;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
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
