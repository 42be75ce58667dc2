package dev.lungo.tokenizer;

import static dev.lungo.tokenizer.CharacterClasses.LETTER;
import static dev.lungo.tokenizer.CharacterClasses.NUMBER;
import static dev.lungo.tokenizer.CharacterClasses.classAndLength;

/// Cuts after every word and around every number, nowhere else: the fewest tokens.
///
/// Whatever stands before a word goes along with it: `);\n return` is one piece, and its parts
/// become one token or several as they are frequent. Numbers come in threes of digits, counted from
/// the right.
///
/// Whether there is a cut between two characters depends on these two alone (but within numbers).
/// Joining tokens therefore never crosses a cut, even where a whole text is one piece: no token
/// holds such a pair. So a reader that cuts around numbers only, as llama.cpp does for `superbpe`,
/// finds the same tokens. (For that, no token may mix a part of a character with another character;
/// see [BpeTrainer].)
public final class WordEndSplitter implements Splitter {
  static final String PATTERN =
      "[0-9]{1,3}(?=(?:[0-9]{3})*(?![0-9]))|(?:(?![0-9])\\p{N})+|[^\\p{L}\\p{N}]*\\p{L}+|[^\\p{L}\\p{N}]+";

  private static final int GROUP = 3;

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

    /// Where the run of digits ends that `at` may be in.
    private int digitsEnd;

    Cursor(byte[] text, int from, int to) {
      this.text = text;
      this.at = from;
      this.to = to;
    }

    @Override
    public int next(int[] ends) {
      int count = 0;
      while (at < to && count < ends.length) {
        at = pieceEnd(at);
        ends[count++] = at;
      }
      return count;
    }

    private int pieceEnd(int from) {
      if (isDigit(text[from])) {
        if (digitsEnd <= from) {
          digitsEnd = digitsEnd(from);
        }
        int first = (digitsEnd - from) % GROUP;
        return from + (first == 0 ? GROUP : first);
      }
      int head = classAndLength(text, from, to);
      if ((head & 7) == NUMBER) {
        return otherNumbersEnd(from + (head >> 3));
      }
      int position = from;
      while ((head & 7) != LETTER) {
        position += head >> 3;
        if (position == to) {
          return position;
        }
        head = classAndLength(text, position, to);
        if ((head & 7) == NUMBER) {
          return position;
        }
      }
      return Gpt2Splitter.runEnd(text, position + (head >> 3), to, LETTER);
    }

    private int digitsEnd(int from) {
      int end = from;
      while (end < to && isDigit(text[end])) {
        end++;
      }
      return end;
    }

    private int otherNumbersEnd(int from) {
      int position = from;
      while (position < to && !isDigit(text[position])) {
        int head = classAndLength(text, position, to);
        if ((head & 7) != NUMBER) {
          break;
        }
        position += head >> 3;
      }
      return position;
    }

    private static boolean isDigit(byte character) {
      return character >= '0' && character <= '9';
    }
  }
}
