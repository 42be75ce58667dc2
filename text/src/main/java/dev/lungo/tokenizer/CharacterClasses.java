package dev.lungo.tokenizer;

/// Classifies the characters of UTF-8 text as the pre-tokenizers' regular expressions see them.
///
/// A byte that is part of no valid character is a character of its own, of class [#OTHER], so that
/// every byte sequence can be split.
final class CharacterClasses {
  /// Neither letter, number nor white space: `[^\s\p{L}\p{N}]`.
  static final int OTHER = 0;

  /// `\p{L}`.
  static final int LETTER = 1;

  /// `\p{N}`.
  static final int NUMBER = 2;

  /// `\s` but for the line ends.
  static final int SPACE = 3;

  /// Line feed and carriage return.
  static final int NEWLINE = 4;

  private static final int TABLE_SIZE = 0x20000;
  private static final byte[] TABLE = new byte[TABLE_SIZE];

  static {
    for (int c = 0; c < TABLE_SIZE; c++) {
      TABLE[c] = (byte) compute(c);
    }
  }

  private CharacterClasses() {}

  /// Returns the class of the character at `at` in bits 3 and up its length in bytes: `length << 3
  /// | class`.
  static int classAndLength(byte[] text, int at, int end) {
    int b = text[at];
    if (b >= 0) {
      return 1 << 3 | TABLE[b];
    }
    return multibyte(text, at, end);
  }

  /// Says whether `c` is white space, line ends included.
  static boolean isSpace(char c) {
    return TABLE[c] >= SPACE;
  }

  private static int multibyte(byte[] text, int at, int end) {
    int b0 = text[at] & 0xff;
    int left = end - at;
    if (b0 < 0xc2 || b0 > 0xf4 || left < 2 || (text[at + 1] & 0xc0) != 0x80) {
      return 1 << 3 | OTHER;
    }
    int b1 = text[at + 1] & 0x3f;
    if (b0 < 0xe0) {
      return 2 << 3 | TABLE[(b0 & 0x1f) << 6 | b1];
    }
    if (left < 3 || (text[at + 2] & 0xc0) != 0x80) {
      return 1 << 3 | OTHER;
    }
    int b2 = text[at + 2] & 0x3f;
    if (b0 < 0xf0) {
      int c = (b0 & 0x0f) << 12 | b1 << 6 | b2;
      boolean valid = c >= 0x800 && (c < 0xd800 || c > 0xdfff);
      return valid ? 3 << 3 | TABLE[c] : 1 << 3 | OTHER;
    }
    if (left < 4 || (text[at + 3] & 0xc0) != 0x80) {
      return 1 << 3 | OTHER;
    }
    int c = (b0 & 0x07) << 18 | b1 << 12 | b2 << 6 | text[at + 3] & 0x3f;
    if (c < 0x10000 || c > 0x10ffff) {
      return 1 << 3 | OTHER;
    }
    return 4 << 3 | (c < TABLE_SIZE ? TABLE[c] : compute(c));
  }

  private static int compute(int c) {
    if (c == '\n' || c == '\r') {
      return NEWLINE;
    }
    if (c >= 9 && c <= 13 || c == 0x85) {
      return SPACE;
    }
    return switch (Character.getType(c)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
          SPACE;
      default -> OTHER;
    };
  }
}
