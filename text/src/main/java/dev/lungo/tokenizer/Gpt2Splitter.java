package dev.lungo.tokenizer;

import static dev.lungo.tokenizer.CharacterClasses.LETTER;
import static dev.lungo.tokenizer.CharacterClasses.SPACE;
import static dev.lungo.tokenizer.CharacterClasses.classAndLength;

/// Cuts as GPT-2 does: words and numbers with the space before them, contractions, runs of other
/// characters.
///
/// Source: Radford et al. 2019; the expression is published with GPT-2's `encoder.json`.
public final class Gpt2Splitter implements Splitter {
  static final String PATTERN =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  @Override
  public String pattern() {
    return PATTERN;
  }

  @Override
  public boolean cutsAfterWords() {
    return true;
  }

  @Override
  public Pieces pieces(byte[] text, int from, int to) {
    return new Cursor(text, from, to);
  }

  private static final class Cursor implements Pieces {
    private final byte[] text;
    private final int to;
    private int at;

    Cursor(byte[] text, int from, int to) {
      this.text = text;
      this.at = from;
      this.to = to;
    }

    @Override
    public int next(int[] ends) {
      int count = 0;
      int position = at;
      while (position < to && count < ends.length) {
        position = pieceEnd(text, position, to);
        ends[count++] = position;
      }
      at = position;
      return count;
    }
  }

  static int pieceEnd(byte[] text, int from, int end) {
    int first = text[from];
    if (first == ' ' && from + 8 < end) {
      int letters = AsciiRuns.lettersAfter(text, from);
      if (letters > 0 && letters < 7 && text[from + 1 + letters] >= 0) {
        return from + 1 + letters;
      }
    }
    if (first == '\'') {
      int length = contractionLength(text, from, end);
      if (length > 0) {
        return from + length;
      }
    }
    int at = from;
    int head = classAndLength(text, at, end);
    if (first == ' ' && at + 1 < end) {
      int second = classAndLength(text, at + 1, end);
      if ((second & 7) < SPACE) {
        at++;
        head = second;
      }
    }
    int kind = head & 7;
    if (kind < SPACE) {
      return runEnd(text, at + (head >> 3), end, kind);
    }
    return spacesEnd(text, at, end);
  }

  /// Returns where the run of characters of class `kind` that goes on at `at` ends.
  static int runEnd(byte[] text, int at, int end, int kind) {
    int position = kind == LETTER ? AsciiRuns.lettersEnd(text, at, end) : at;
    while (position < end) {
      int next = classAndLength(text, position, end);
      if ((next & 7) != kind) {
        break;
      }
      position += next >> 3;
    }
    return position;
  }

  /// White space up to the last character before a word, which takes that one along:
  /// `\s+(?!\S)|\s+`.
  static int spacesEnd(byte[] text, int from, int end) {
    int at = text[from] == ' ' ? AsciiRuns.spacesEnd(text, from, end) : from;
    int last = at > from ? at - 1 : from;
    while (at < end) {
      int next = classAndLength(text, at, end);
      if ((next & 7) < SPACE) {
        return last > from ? last : at;
      }
      last = at;
      at += next >> 3;
    }
    return at;
  }

  private static int contractionLength(byte[] text, int from, int end) {
    int left = end - from;
    if (left < 2) {
      return 0;
    }
    int a = text[from + 1];
    if (a == 's' || a == 't' || a == 'm' || a == 'd') {
      return 2;
    }
    int b = left < 3 ? 0 : text[from + 2];
    return a == 'r' && b == 'e' || a == 'v' && b == 'e' || a == 'l' && b == 'l' ? 3 : 0;
  }
}
