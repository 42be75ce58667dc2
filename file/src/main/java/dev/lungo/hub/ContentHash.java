package dev.lungo.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/// What a file's content must come to.
///
/// @param hex the hash in lower-case hexadecimal digits
public record ContentHash(Kind kind, String hex) {
  /// How a hub hashes.
  public enum Kind {
    /// SHA-256 of the content: large files, which Git LFS keeps.
    SHA256("SHA-256", 64),
    /// Git's name of a file: SHA-1 of `blob LENGTH`, a zero byte, and the content.
    GIT_BLOB("SHA-1", 40);

    private final String algorithm;
    private final int digits;

    Kind(String algorithm, int digits) {
      this.algorithm = algorithm;
      this.digits = digits;
    }
  }

  private static final int BUFFER = 1 << 18;

  /// Reads a hash of this kind; empty where `hex` is none.
  static Optional<ContentHash> of(Kind kind, String hex) {
    return hex.matches("[0-9A-Fa-f]{" + kind.digits + "}")
        ? Optional.of(new ContentHash(kind, hex.toLowerCase(Locale.ROOT)))
        : Optional.empty();
  }

  /// Reads the hash that an entity tag is; empty where the tag is something else.
  static Optional<ContentHash> ofTag(String tag) {
    return of(Kind.SHA256, tag).or(() -> of(Kind.GIT_BLOB, tag));
  }

  /// Returns the hash of a file's content.
  static ContentHash compute(Kind kind, Path file) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(kind.algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JDK has no " + kind.algorithm, e);
    }
    if (kind == Kind.GIT_BLOB) {
      digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
    }
    return new ContentHash(kind, HexFormat.of().formatHex(digest.digest()));
  }

  /// Tells whether a file has this content.
  boolean matches(Path file) throws IOException {
    return compute(kind, file).equals(this);
  }
}
