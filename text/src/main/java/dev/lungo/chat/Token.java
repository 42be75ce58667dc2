package dev.lungo.chat;

/// A word of a template.
///
/// @param text the characters; of a string literal, what it means
record Token(Kind kind, String text, Place at) {
  enum Kind {
    /// What stands outside all tags.
    TEXT,
    PRINT_BEGIN,
    PRINT_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    WHOLE,
    REAL,
    STRING,
    SYMBOL,
    END
  }

  boolean isSymbol(String symbol) {
    return kind == Kind.SYMBOL && text.equals(symbol);
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  /// Describes the token for errors.
  String described() {
    return switch (kind) {
      case TEXT -> "text";
      case PRINT_BEGIN -> "{{";
      case PRINT_END -> "}}";
      case BLOCK_BEGIN -> "{%";
      case BLOCK_END -> "%}";
      case STRING -> "a string";
      case END -> "the end of the template";
      case NAME, WHOLE, REAL, SYMBOL -> text;
    };
  }
}
