package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Cuts by any regular expression, for tokenizers whose expression has no hand-written [Splitter].
///
/// Matches are pieces, and so is the text between them. The expression's work is bounded, see
/// [Expression].
public final class RegexSplitter implements Splitter {
  private final Expression expression;
  private final boolean onAlphabet;

  /// @throws IllegalArgumentException if the expression is not valid
  public RegexSplitter(String source) {
    this(source, false);
  }

  private RegexSplitter(String source, boolean onAlphabet) {
    this.expression = new Expression(source);
    this.onAlphabet = onAlphabet;
  }

  /// Makes a splitter whose expression sees a text's bytes as the characters of GPT-2's alphabet: a
  /// pre-tokenizer that stands behind `ByteLevel`. It may cut within characters.
  ///
  /// @throws IllegalArgumentException if the expression is not valid
  static RegexSplitter onAlphabet(String source) {
    return new RegexSplitter(source, true);
  }

  /// Says whether the expression sees GPT-2's alphabet instead of the text.
  boolean seesAlphabet() {
    return onAlphabet;
  }

  @Override
  public String pattern() {
    return expression.source();
  }

  @Override
  public boolean cutsAfterWords() {
    return false;
  }

  @Override
  public Pieces pieces(byte[] text, int from, int to) {
    return new Cursor(expression, text, from, to, onAlphabet);
  }

  private static final class Cursor implements Pieces {
    private final String decoded;
    private final boolean oneByteEach;
    private final Expression.Search search;
    private int position;
    private int bytePosition;
    private int pendingEnd = -1;
    private boolean exhausted;

    Cursor(Expression expression, byte[] text, int from, int to, boolean onAlphabet) {
      // One character a byte where the text is no valid UTF-8, so that offsets can always be mapped
      // back.
      String utf = new String(text, from, to - from, StandardCharsets.UTF_8);
      byte[] back = utf.getBytes(StandardCharsets.UTF_8);
      this.oneByteEach = onAlphabet || !Arrays.equals(back, 0, back.length, text, from, to);
      if (onAlphabet) {
        this.decoded = ByteAlphabet.write(Arrays.copyOfRange(text, from, to));
      } else {
        this.decoded =
            oneByteEach ? new String(text, from, to - from, StandardCharsets.ISO_8859_1) : utf;
      }
      this.bytePosition = from;
      this.search = expression.search(decoded);
    }

    @Override
    public int next(int[] ends) {
      int count = 0;
      while (count < ends.length && position < decoded.length()) {
        int end = nextEnd();
        bytePosition += byteLength(position, end);
        position = end;
        ends[count++] = bytePosition;
      }
      return count;
    }

    private int nextEnd() {
      if (pendingEnd > position) {
        return pendingEnd;
      }
      while (!exhausted) {
        if (!search.next()) {
          exhausted = true;
          break;
        }
        if (search.end() > search.start()) {
          pendingEnd = search.end();
          return search.start() > position ? search.start() : pendingEnd;
        }
      }
      return decoded.length();
    }

    private int byteLength(int from, int to) {
      if (oneByteEach) {
        return to - from;
      }
      int length = 0;
      for (int i = from; i < to; i++) {
        char c = decoded.charAt(i);
        length += c < 0x80 ? 1 : c < 0x800 ? 2 : Character.isSurrogate(c) ? 2 : 3;
      }
      return length;
    }
  }
}
