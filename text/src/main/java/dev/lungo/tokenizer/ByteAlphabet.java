package dev.lungo.tokenizer;

import java.util.Arrays;

/// Writes bytes as printable characters and back, as GPT-2's vocabulary files and `tokenizer.json`
/// do.
///
/// Printable Latin-1 characters stand for themselves; the other 68 bytes take the characters from
/// U+0100 on, so that a space is `Ġ` and a line feed `Ċ`.
final class ByteAlphabet {
  private static final char[] CHARACTERS = new char[256];
  private static final short[] BYTES = new short[0x144];

  static {
    Arrays.fill(BYTES, (short) -1);
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
      char c = (char) (printable ? b : next++);
      CHARACTERS[b] = c;
      BYTES[c] = (short) b;
    }
  }

  private ByteAlphabet() {}

  static String write(byte[] bytes) {
    char[] text = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      text[i] = CHARACTERS[bytes[i] & 0xff];
    }
    return new String(text);
  }

  /// Says whether every character of `text` stands for a byte.
  static boolean covers(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= BYTES.length || BYTES[text.charAt(i)] < 0) {
        return false;
      }
    }
    return true;
  }

  /// Returns the bytes that `text` stands for.
  ///
  /// @throws IllegalArgumentException if a character stands for no byte
  static byte[] read(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = text.charAt(i);
      if (c >= BYTES.length || BYTES[c] < 0) {
        throw new IllegalArgumentException(
            "'%c' (U+%04X) in \"%s\" stands for no byte".formatted(c, (int) c, text));
      }
      bytes[i] = (byte) BYTES[c];
    }
    return bytes;
  }
}
