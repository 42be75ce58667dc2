package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Cuts by any regular expression, for tokenizers whose expression has no hand-written [Splitter].
///
/// Matches are pieces, and so is the text between them. The expression comes from a file, so its
/// work is bounded: one that backtracks without end fails with an [IllegalArgumentException] that
/// says so.
public final class RegexSplitter implements Splitter {
  /// How often a match may look at each character of the text, on average; the known expressions
  /// look fewer than ten times.
  private static final long LOOKS_PER_CHARACTER = 2_000;

  /// Character classes must see Unicode (`\s` without the flag is ASCII's white space only), and
  /// `$` must mean what it means to Oniguruma, which Hugging Face uses: the end of any line, where
  /// only line feeds end lines.
  private static final int FLAGS =
      Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES | Pattern.MULTILINE;

  /// Long names of properties that Java knows by other names.
  private static final Map<String, String> PROPERTIES =
      Map.ofEntries(
          Map.entry("letter", "L"),
          Map.entry("mark", "M"),
          Map.entry("number", "N"),
          Map.entry("punctuation", "P"),
          Map.entry("punct", "P"),
          Map.entry("symbol", "S"),
          Map.entry("separator", "Z"),
          Map.entry("other", "C"),
          Map.entry("alpha", "IsAlphabetic"),
          Map.entry("digit", "Nd"),
          Map.entry("space", "IsWhite_Space"),
          Map.entry("upper", "IsUppercase"),
          Map.entry("lower", "IsLowercase"));

  private static final Pattern PROPERTY = Pattern.compile("\\\\([pP])\\{(\\^?)([A-Za-z_]+)\\}");

  private final String source;
  private final Pattern pattern;

  /// @throws IllegalArgumentException if the expression is not valid
  public RegexSplitter(String source) {
    this.source = source;
    try {
      this.pattern = Pattern.compile(forJava(source), FLAGS);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "pre-tokenizer: not a valid expression: " + e.getMessage(), e);
    }
  }

  @Override
  public String pattern() {
    return source;
  }

  @Override
  public boolean cutsAfterWords() {
    return false;
  }

  @Override
  public Pieces pieces(byte[] text, int from, int to) {
    return new Cursor(pattern, text, from, to);
  }

  /// Writes properties as Java wants them: `\p{Han}` becomes `\p{IsHan}`, `\p{^L}` becomes `\P{L}`,
  /// categories such as `\p{Lu}` stay.
  private static String forJava(String source) {
    return PROPERTY
        .matcher(source)
        .replaceAll(found -> {
          boolean negative = found.group(1).equals("P") != found.group(2).equals("^");
          String name = found.group(3);
          boolean isShort = name.length() <= 2 || name.matches("Is.*|In.*|L1");
          String java =
              isShort ? name : PROPERTIES.getOrDefault(name.toLowerCase(Locale.ROOT), "Is" + name);
          return Matcher.quoteReplacement((negative ? "\\P{" : "\\p{") + java + "}");
        });
  }

  private static final class Cursor implements Pieces {
    private final String decoded;
    private final boolean oneByteEach;
    private final Matcher matcher;
    private int position;
    private int bytePosition;
    private int pendingEnd = -1;
    private boolean exhausted;

    Cursor(Pattern pattern, byte[] text, int from, int to) {
      // One character a byte where the text is no valid UTF-8, so that offsets can always be mapped
      // back.
      String utf = new String(text, from, to - from, StandardCharsets.UTF_8);
      byte[] back = utf.getBytes(StandardCharsets.UTF_8);
      this.oneByteEach = !Arrays.equals(back, 0, back.length, text, from, to);
      this.decoded =
          oneByteEach ? new String(text, from, to - from, StandardCharsets.ISO_8859_1) : utf;
      this.bytePosition = from;
      this.matcher = pattern.matcher(new BoundedText(decoded, budget(decoded.length())));
    }

    private static long budget(int length) {
      return LOOKS_PER_CHARACTER * (length + 1_000L);
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
        if (!find()) {
          exhausted = true;
          break;
        }
        if (matcher.end() > matcher.start()) {
          pendingEnd = matcher.end();
          return matcher.start() > position ? matcher.start() : pendingEnd;
        }
      }
      return decoded.length();
    }

    private boolean find() {
      try {
        return matcher.find();
      } catch (StackOverflowError e) {
        throw new IllegalArgumentException(
            "pre-tokenizer: the expression needs too deep a recursion on this text: "
                + matcher.pattern(),
            e);
      }
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

  /// A text that stops a match which looks at it too often.
  private static final class BoundedText implements CharSequence {
    private final CharSequence text;
    private long looksLeft;

    BoundedText(CharSequence text, long looksLeft) {
      this.text = text;
      this.looksLeft = looksLeft;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (--looksLeft < 0) {
        throw new IllegalArgumentException(
            "pre-tokenizer: the expression backtracks without end on this text of "
                + text.length()
                + " characters; use a tokenizer with a simpler one");
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
