package dev.lungo.tokenizer;

import static dev.lungo.tokenizer.CharacterClasses.LETTER;
import static dev.lungo.tokenizer.CharacterClasses.NEWLINE;
import static dev.lungo.tokenizer.CharacterClasses.NUMBER;
import static dev.lungo.tokenizer.CharacterClasses.OTHER;
import static dev.lungo.tokenizer.CharacterClasses.classAndLength;

/// Cuts as GPT-4o (`o200k_base`), Llama 4 and Mistral's tekken do.
///
/// Beside GPT-4's way: a word ends where capitals begin anew (`HelloWorld` is two), marks belong to
/// words, contractions go with the word before them, and punctuation takes slashes behind it along.
/// Source: the expression that OpenAI's tiktoken publishes.
public final class O200kSplitter implements Splitter {
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String FIRST = "[^\\r\\n\\p{L}\\p{N}]?";
  private static final String SUFFIX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
  private static final String TAIL =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  static final String PATTERN =
      FIRST
          + UPPER
          + "*"
          + LOWER
          + "+"
          + SUFFIX
          + "|"
          + FIRST
          + UPPER
          + "+"
          + LOWER
          + "*"
          + SUFFIX
          + "|\\p{N}{1,3}"
          + TAIL;
  static final String PATTERN_ONE_DIGIT =
      FIRST + UPPER + "*" + LOWER + "+" + SUFFIX + "|" + FIRST + UPPER + "+" + LOWER + "*" + SUFFIX
          + "|\\p{N}" + TAIL;
  static final String PATTERN_TEKKEN =
      FIRST + UPPER + "*" + LOWER + "+|" + FIRST + UPPER + "+" + LOWER + "*|\\p{N}" + TAIL;

  private static final int NEITHER = 0;
  private static final int UPPER_ONLY = 1;
  private static final int LOWER_ONLY = 2;
  private static final int BOTH = UPPER_ONLY | LOWER_ONLY;

  private static final int TABLE_SIZE = 0x20000;
  private static final byte[] CASES = new byte[TABLE_SIZE];

  static {
    for (int c = 0; c < TABLE_SIZE; c++) {
      CASES[c] = (byte) computeCase(c);
    }
  }

  private final int maxDigits;
  private final boolean joinsContractions;

  /// @param maxDigits how many digits a piece holds at most: 3 for GPT-4o, 1 for tekken
  /// @param joinsContractions whether `'s` and the like go with the word before them
  /// @throws IllegalArgumentException if no known expression cuts so
  public O200kSplitter(int maxDigits, boolean joinsContractions) {
    if (maxDigits != 1 && !(maxDigits == 3 && joinsContractions)) {
      throw new IllegalArgumentException(
          "maxDigits must be 3, with contractions joined, or 1, not " + maxDigits);
    }
    this.maxDigits = maxDigits;
    this.joinsContractions = joinsContractions;
  }

  @Override
  public String pattern() {
    if (maxDigits == 3) {
      return PATTERN;
    }
    return joinsContractions ? PATTERN_ONE_DIGIT : PATTERN_TEKKEN;
  }

  @Override
  public boolean cutsAfterWords() {
    return true;
  }

  @Override
  public Pieces pieces(byte[] text, int from, int to) {
    return new Cursor(text, from, to);
  }

  private final class Cursor implements Pieces {
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

  private int pieceEnd(byte[] text, int from, int end) {
    int head = classAndLength(text, from, end);
    int kind = head & 7;
    int after = from + (head >> 3);
    if (kind == NUMBER) {
      return Gpt4Splitter.digitsEnd(text, after, end, maxDigits);
    }
    if (kind == LETTER) {
      return wordEnd(text, from, from, end);
    }
    if (kind != NEWLINE) {
      int word = wordEnd(text, from, after, end);
      if (word > from) {
        return word;
      }
      int next = after < end ? classAndLength(text, after, end) & 7 : NEWLINE;
      if (kind == OTHER || text[from] == ' ' && next == OTHER) {
        int at = Gpt2Splitter.runEnd(text, after, end, OTHER);
        while (at < end && (text[at] == '\n' || text[at] == '\r' || text[at] == '/')) {
          at++;
        }
        return at;
      }
    }
    return Gpt4Splitter.spacesEnd(text, from, end);
  }

  /// Returns where the word ends whose letters begin at `letters`, behind at most one other
  /// character at `from`; `from` if there is no word.
  ///
  /// Capitals, then small letters, of which there must be one: letters without case count as
  /// either, so that where no small letter follows, the last letter without case ends the word.
  /// Only if there is none at all are capitals alone a word.
  private int wordEnd(byte[] text, int from, int letters, int end) {
    int at = letters;
    int lastCaseless = -1;
    int next = caseAndLength(text, at, end);
    while ((next & UPPER_ONLY) != 0) {
      at += next >> 3;
      if ((next & BOTH) == BOTH) {
        lastCaseless = at;
      }
      next = caseAndLength(text, at, end);
    }
    if ((next & BOTH) == LOWER_ONLY) {
      while ((next & LOWER_ONLY) != 0) {
        at += next >> 3;
        next = caseAndLength(text, at, end);
      }
    } else if (lastCaseless >= 0) {
      at = lastCaseless;
    } else if (letters > from && (caseAndLength(text, from, end) & BOTH) == BOTH) {
      // The other character is a mark: without it there were no small letter, so it is the word.
      at = letters;
    } else if (at == letters) {
      return from;
    }
    return joinsContractions && at < end && text[at] == '\''
        ? at + Gpt4Splitter.contractionLength(text, at, end)
        : at;
  }

  /// Returns the case of the character at `at` in bits 0 and 1, and its length in bits 3 and up; 0
  /// at the end.
  private static int caseAndLength(byte[] text, int at, int end) {
    if (at >= end) {
      return 0;
    }
    int b = text[at];
    if (b >= 0) {
      return 1 << 3 | CASES[b];
    }
    int length = classAndLength(text, at, end) >> 3;
    int c = b & 0x7f >> length;
    for (int i = 1; i < length; i++) {
      c = c << 6 | text[at + i] & 0x3f;
    }
    if (length == 1) {
      return 1 << 3;
    }
    return length << 3 | (c < TABLE_SIZE ? CASES[c] : computeCase(c));
  }

  private static int computeCase(int c) {
    return switch (Character.getType(c)) {
      case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> UPPER_ONLY;
      case Character.LOWERCASE_LETTER -> LOWER_ONLY;
      case Character.MODIFIER_LETTER,
          Character.OTHER_LETTER,
          Character.NON_SPACING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.ENCLOSING_MARK ->
          BOTH;
      default -> NEITHER;
    };
  }
}
