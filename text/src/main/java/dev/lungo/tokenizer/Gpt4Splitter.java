package dev.lungo.tokenizer;

import static dev.lungo.tokenizer.CharacterClasses.LETTER;
import static dev.lungo.tokenizer.CharacterClasses.NEWLINE;
import static dev.lungo.tokenizer.CharacterClasses.NUMBER;
import static dev.lungo.tokenizer.CharacterClasses.OTHER;
import static dev.lungo.tokenizer.CharacterClasses.SPACE;
import static dev.lungo.tokenizer.CharacterClasses.classAndLength;

/// Cuts as GPT-4 (`cl100k_base`), Llama 3 and Qwen do.
///
/// Beside GPT-2's way: a word may take one preceding character that is no letter along (`.length`,
/// `(value`), numbers come in groups of at most `maxDigits`, punctuation takes the line ends that
/// follow it along, and blank lines are pieces. Source: the expression that OpenAI's tiktoken
/// publishes.
public final class Gpt4Splitter implements Splitter {
  private static final String HEAD =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}";
  private static final String TAIL =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  static final String PATTERN_THREE_DIGITS = HEAD + "{1,3}" + TAIL;
  static final String PATTERN_ONE_DIGIT = HEAD + TAIL;
  static final String PATTERN_TIKTOKEN =
      "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+"
          + "|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s";

  private final int maxDigits;

  /// @param maxDigits how many digits a piece holds at most: 3 for GPT-4 and Llama 3, 1 for Qwen
  public Gpt4Splitter(int maxDigits) {
    if (maxDigits != 1 && maxDigits != 3) {
      throw new IllegalArgumentException("maxDigits must be 1 or 3, not " + maxDigits);
    }
    this.maxDigits = maxDigits;
  }

  int maxDigits() {
    return maxDigits;
  }

  @Override
  public String pattern() {
    return maxDigits == 1 ? PATTERN_ONE_DIGIT : PATTERN_THREE_DIGITS;
  }

  @Override
  public boolean cutsAfterWords() {
    return true;
  }

  @Override
  public Pieces pieces(byte[] text, int from, int to) {
    return new Cursor(text, from, to, maxDigits);
  }

  private static final class Cursor implements Pieces {
    private final byte[] text;
    private final int to;
    private final int maxDigits;
    private int at;

    Cursor(byte[] text, int from, int to, int maxDigits) {
      this.text = text;
      this.at = from;
      this.to = to;
      this.maxDigits = maxDigits;
    }

    @Override
    public int next(int[] ends) {
      int count = 0;
      int position = at;
      while (position < to && count < ends.length) {
        position = pieceEnd(text, position, to, maxDigits);
        ends[count++] = position;
      }
      at = position;
      return count;
    }
  }

  static int pieceEnd(byte[] text, int from, int end, int maxDigits) {
    int head = classAndLength(text, from, end);
    int kind = head & 7;
    // The common case: a word of up to seven letters with or without one character before it.
    if (from + 8 < end
        && kind != NUMBER
        && kind != NEWLINE
        && text[from] >= 0
        && text[from] != '\'') {
      int letters = AsciiRuns.lettersAfter(text, from);
      if (letters < 7 && (letters > 0 || kind == LETTER) && text[from + 1 + letters] >= 0) {
        return from + 1 + letters;
      }
    }
    int after = from + (head >> 3);
    if (kind == LETTER) {
      return Gpt2Splitter.runEnd(text, after, end, LETTER);
    }
    if (kind == NUMBER) {
      return digitsEnd(text, after, end, maxDigits);
    }
    if (kind != NEWLINE) {
      if (text[from] == '\'') {
        int length = contractionLength(text, from, end);
        if (length > 0) {
          return from + length;
        }
      }
      int next = after < end ? classAndLength(text, after, end) : NEWLINE;
      if ((next & 7) == LETTER) {
        return Gpt2Splitter.runEnd(text, after + (next >> 3), end, LETTER);
      }
      if (kind == OTHER || text[from] == ' ' && (next & 7) == OTHER) {
        return newlinesEnd(text, Gpt2Splitter.runEnd(text, after, end, OTHER), end);
      }
    }
    return spacesEnd(text, from, end);
  }

  static int digitsEnd(byte[] text, int at, int end, int maxDigits) {
    for (int digits = 1; digits < maxDigits && at < end; digits++) {
      int next = classAndLength(text, at, end);
      if ((next & 7) != NUMBER) {
        break;
      }
      at += next >> 3;
    }
    return at;
  }

  private static int newlinesEnd(byte[] text, int at, int end) {
    while (at < end && (text[at] == '\n' || text[at] == '\r')) {
      at++;
    }
    return at;
  }

  /// White space up to its last line end, or else up to the last character before a word:
  /// `\s*[\r\n]+|\s+(?!\S)|\s+`.
  static int spacesEnd(byte[] text, int from, int end) {
    int at = text[from] == ' ' ? AsciiRuns.spacesEnd(text, from, end) : from;
    int last = at > from ? at - 1 : from;
    int lastNewlineEnd = from;
    boolean wordFollows = false;
    while (at < end) {
      int next = classAndLength(text, at, end);
      int kind = next & 7;
      if (kind < SPACE) {
        wordFollows = true;
        break;
      }
      last = at;
      at += next >> 3;
      if (kind == NEWLINE) {
        lastNewlineEnd = at;
      }
    }
    if (lastNewlineEnd > from) {
      return lastNewlineEnd;
    }
    return wordFollows && last > from ? last : at;
  }

  /// Upper case counts too, and so does ſ (U+017F), which is an s to an expression that ignores
  /// case.
  static int contractionLength(byte[] text, int from, int end) {
    int left = end - from;
    if (left < 2) {
      return 0;
    }
    int a = text[from + 1] | 0x20;
    if (a == 's' || a == 't' || a == 'm' || a == 'd') {
      return 2;
    }
    if (left < 3) {
      return 0;
    }
    if (text[from + 1] == (byte) 0xc5 && text[from + 2] == (byte) 0xbf) {
      return 3;
    }
    int b = text[from + 2] | 0x20;
    return a == 'r' && b == 'e' || a == 'v' && b == 'e' || a == 'l' && b == 'l' ? 3 : 0;
  }
}
