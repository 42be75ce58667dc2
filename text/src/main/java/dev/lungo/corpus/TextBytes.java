package dev.lungo.corpus;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// Decides what of a file's bytes is text.
final class TextBytes {
  private static final int LOOKED_AT = 8192;

  private TextBytes() {}

  /// Returns `bytes` as valid UTF-8 without a byte order mark, malformed parts as U+FFFD; empty for
  /// a binary file.
  static Optional<byte[]> of(byte[] bytes) {
    if (isBinary(bytes, bytes.length)) {
      return Optional.empty();
    }
    return Optional.of(valid(withoutMark(bytes)));
  }

  /// A file with a zero byte near its beginning is no text.
  static boolean isBinary(byte[] bytes, int length) {
    for (int i = 0; i < Math.min(length, LOOKED_AT); i++) {
      if (bytes[i] == 0) {
        return true;
      }
    }
    return false;
  }

  static byte[] withoutMark(byte[] bytes) {
    boolean marked =
        bytes.length >= 3
            && bytes[0] == (byte) 0xef
            && bytes[1] == (byte) 0xbb
            && bytes[2] == (byte) 0xbf;
    return marked ? Arrays.copyOfRange(bytes, 3, bytes.length) : bytes;
  }

  static byte[] valid(byte[] bytes) {
    byte[] repaired = new String(bytes, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
    return Arrays.equals(repaired, bytes) ? bytes : repaired;
  }
}
