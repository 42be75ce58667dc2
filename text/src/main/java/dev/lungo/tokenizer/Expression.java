package dev.lungo.tokenizer;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A regular expression from a tokenizer file, in Oniguruma's dialect, which Hugging Face uses.
///
/// It comes from outside, so its work is bounded: one that backtracks without end fails with an
/// [IllegalArgumentException] that says so.
final class Expression {
  /// How often a match may look at each character of the text, on average; the known expressions
  /// look fewer than ten times.
  private static final long LOOKS_PER_CHARACTER = 2_000;

  /// Character classes must see Unicode (`\s` without the flag is ASCII's white space only), and
  /// `$` must mean what it means to Oniguruma: the end of any line, where only line feeds end
  /// lines.
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
  Expression(String source) {
    this.source = source;
    try {
      this.pattern = Pattern.compile(forJava(source), FLAGS);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "pre-tokenizer: not a valid expression: " + e.getMessage(), e);
    }
  }

  /// Makes the expression that matches exactly `text`.
  static Expression literal(String text) {
    return new Expression(quoted(text));
  }

  /// Writes `text` so that every dialect takes it as its characters.
  static String quoted(String text) {
    return Pattern.compile("[\\\\^$.|?*+()\\[\\]{}\\-&#~]")
        .matcher(text)
        .replaceAll(found -> Matcher.quoteReplacement("\\" + found.group()));
  }

  /// Returns the expression as it is written in its file.
  String source() {
    return source;
  }

  /// Writes properties as Java wants them: `\p{Han}` becomes `\p{IsHan}`, `\p{^L}` becomes `\P{L}`,
  /// categories such as `\p{Lu}` stay.
  private static String forJava(String source) {
    return PROPERTY
        .matcher(source)
        .replaceAll(found -> {
          boolean negative = found.group(1).equals("P") != found.group(2).equals("^");
          String name = found.group(3);
          boolean isShort = name.length() <= 2 || name.startsWith("Is") || name.startsWith("In");
          String java =
              isShort ? name : PROPERTIES.getOrDefault(name.toLowerCase(Locale.ROOT), "Is" + name);
          return Matcher.quoteReplacement((negative ? "\\P{" : "\\p{") + java + "}");
        });
  }

  /// Begins to search `text`.
  Search search(String text) {
    return new Search(
        pattern.matcher(new BoundedText(text, LOOKS_PER_CHARACTER * (text.length() + 1_000L))));
  }

  /// The matches in a text, one after the other. Not thread-safe.
  static final class Search {
    private final Matcher matcher;

    private Search(Matcher matcher) {
      this.matcher = matcher;
    }

    /// Moves to the next match, if there is one.
    ///
    /// @throws IllegalArgumentException if looking for it takes too long
    boolean next() {
      try {
        return matcher.find();
      } catch (StackOverflowError e) {
        throw new IllegalArgumentException(
            "pre-tokenizer: the expression needs too deep a recursion on this text: "
                + matcher.pattern(),
            e);
      }
    }

    int start() {
      return matcher.start();
    }

    int end() {
      return matcher.end();
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
