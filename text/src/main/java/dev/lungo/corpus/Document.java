package dev.lungo.corpus;

import java.nio.charset.StandardCharsets;

/// A text of a corpus, or a part of one.
///
/// @param name its path within the corpus, with `/` between folders
/// @param utf8 its text, valid UTF-8
/// @param continues whether the next document goes on with the same text, so that no end of text
///   belongs in between
public record Document(String name, byte[] utf8, boolean continues) {
  /// Returns the text as a string.
  public String text() {
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
