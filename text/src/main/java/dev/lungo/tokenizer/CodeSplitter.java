package dev.lungo.tokenizer;

/// Cuts as GPT-4 does, but lets a line end take the indentation of the next line along.
///
/// Source code has a line end, an indentation and often the star of a comment every few tokens.
/// With `{`, `;` or nothing before them they are one piece here, and so become one token: Java's
/// own source takes 7.9 % fewer tokens than with GPT-4's way at a vocabulary of 4,096 (see
/// `docs/log.md`). One space stays with the word that follows, which therefore is the same token
/// wherever it stands.
public final class CodeSplitter implements Splitter {
  private static final String LINE = "[\\r\\n]+(?:[ \\t]+(?= ))?(?: \\*(?!/))?";
  static final String PATTERN =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+(?:"
          + LINE
          + ")?|\\s*"
          + LINE
          + "|\\s+(?!\\S)|\\s+";

  private static final int MOST_DIGITS = 3;

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

  private static int pieceEnd(byte[] text, int from, int end) {
    int at = Gpt4Splitter.pieceEnd(text, from, end, MOST_DIGITS);
    int last = text[at - 1];
    // Only pieces with a line end in GPT-4's sense end in one.
    return last == '\n' || last == '\r' ? lineStartEnd(text, at, end) : at;
  }

  /// Returns where the beginning of a line ends: its indentation but for one space, then a star.
  private static int lineStartEnd(byte[] text, int lineStart, int end) {
    int at = AsciiRuns.spacesEnd(text, lineStart, end);
    while (at < end && (text[at] == ' ' || text[at] == '\t')) {
      at++;
    }
    // Back to the last place after the first character that has a space after it.
    at = Math.min(at, end - 1);
    while (at > lineStart && text[at] != ' ') {
      at--;
    }
    at = Math.max(at, lineStart);
    boolean star =
        at + 1 < end
            && text[at] == ' '
            && text[at + 1] == '*'
            && !(at + 2 < end && text[at + 2] == '/');
    return star ? at + 2 : at;
  }
}
