package dev.lungo.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/// A text as its tokens, for people to look at.
///
/// @param vocabularySize how many tokens the tokenizer has
/// @param textBytes bytes of the text
/// @param tokens the tokens in order
public record TokenListing(int vocabularySize, long textBytes, List<Token> tokens) {
  private static final String[] COLOURS = {"44", "42", "45", "46", "43"};

  /// A token of the text.
  ///
  /// @param id its id
  /// @param text what it stands for; bytes that are no whole characters as `<e2 9d>`
  /// @param bytes how many bytes of text it stands for
  /// @param special whether it stands for none
  public record Token(int id, String text, int bytes, boolean special) {}

  /// Lists `ids`, the tokens of a text of `textBytes` bytes.
  public static TokenListing of(Tokenizer tokenizer, int[] ids, long textBytes) {
    List<Token> tokens = new ArrayList<>();
    for (int id : ids) {
      byte[] bytes = tokenizer.bytesOf(id);
      boolean special = tokenizer.isSpecial(id);
      tokens.add(new Token(id, readable(bytes), special ? 0 : bytes.length, special));
    }
    return new TokenListing(tokenizer.vocabularySize(), textBytes, List.copyOf(tokens));
  }

  private static String readable(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException partOfACharacter) {
      return "<" + HexFormat.ofDelimiter(" ").formatHex(bytes) + ">";
    }
  }

  /// Returns the text with its tokens told apart: by changing colours, or by bars between them.
  public String shown(boolean colours) {
    StringBuilder shown = new StringBuilder();
    int index = 0;
    for (Token token : tokens) {
      // A line end is shown and done, so that lines of the text stay lines.
      String visible = harmless(token.text()).replace("\n", "⏎\n");
      if (colours) {
        String on = "\u001b[30;" + (token.special() ? "47" : COLOURS[index % COLOURS.length]) + "m";
        shown.append(on).append(visible.replace("\n", "\u001b[0m\n" + on)).append("\u001b[0m");
      } else {
        shown.append(index == 0 ? "" : "│").append(visible);
      }
      index++;
    }
    return shown.toString();
  }

  /// Returns a line for each of the first `most` tokens: number, id, bytes and text.
  public List<String> rows(int most) {
    List<String> rows = new ArrayList<>();
    rows.add(String.format(Locale.ROOT, "%6s %8s %6s  %s", "#", "id", "bytes", "text"));
    for (int i = 0; i < Math.min(most, tokens.size()); i++) {
      Token token = tokens.get(i);
      String text = harmless(token.text()).replace("\n", "\\n");
      rows.add(
          String.format(
              Locale.ROOT,
              "%6d %8d %6d  %s",
              i,
              token.id(),
              token.bytes(),
              token.special() ? text : "\"" + text + "\""));
    }
    if (tokens.size() > most) {
      rows.add(String.format(Locale.ROOT, "       and %,d more", tokens.size() - most));
    }
    return rows;
  }

  /// Writes control characters out: a text from outside must not steer the terminal.
  private static String harmless(String text) {
    StringBuilder safe = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          boolean control = Character.isISOControl(c) && c != '\n';
          if (c == '\t') {
            safe.append("\\t");
          } else if (c == '\r') {
            safe.append("\\r");
          } else if (control) {
            safe.append(String.format(Locale.ROOT, "\\u%04x", c));
          } else {
            safe.appendCodePoint(c);
          }
        });
    return safe.toString();
  }
}
