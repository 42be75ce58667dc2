package dev.lungo.tokenizer;

/// Cuts text into the pieces within which tokens are formed, as a pre-tokenizer's regular
/// expression would.
public sealed interface Splitter
    permits Gpt2Splitter,
        Gpt4Splitter,
        O200kSplitter,
        CodeSplitter,
        WordEndSplitter,
        RegexSplitter,
        SequenceSplitter {

  /// Begins to cut the bytes `from` (inclusive) to `to` (exclusive) of UTF-8 `text`.
  Pieces pieces(byte[] text, int from, int to);

  /// Returns the regular expression that cuts the same way, in the dialect of `tokenizer.json`.
  String pattern();

  /// Says whether a piece always ends between an ASCII letter or digit and a following space or
  /// line feed, and does so whatever stands before and after: there a text may be cut and its parts
  /// encoded on their own.
  boolean cutsAfterWords();

  /// A text being cut. Not thread-safe.
  interface Pieces {
    /// Writes the ends of the next pieces into `ends`, as many as fit, and returns how many; 0 at
    /// the end of the text.
    int next(int[] ends);
  }

  /// Finds the splitter for a regular expression: a hand-written one where the expression is known.
  ///
  /// @throws IllegalArgumentException if the expression is not valid
  static Splitter forPattern(String pattern) {
    return switch (pattern) {
      case Gpt2Splitter.PATTERN -> new Gpt2Splitter();
      case Gpt4Splitter.PATTERN_THREE_DIGITS, Gpt4Splitter.PATTERN_TIKTOKEN -> new Gpt4Splitter(3);
      case Gpt4Splitter.PATTERN_ONE_DIGIT -> new Gpt4Splitter(1);
      case O200kSplitter.PATTERN -> new O200kSplitter(3, true);
      case O200kSplitter.PATTERN_ONE_DIGIT -> new O200kSplitter(1, true);
      case O200kSplitter.PATTERN_TEKKEN -> new O200kSplitter(1, false);
      case CodeSplitter.PATTERN -> new CodeSplitter();
      case WordEndSplitter.PATTERN -> new WordEndSplitter();
      default -> new RegexSplitter(pattern);
    };
  }

  /// Finds a splitter by the name that commands give it: `words`, `code`, `gpt2` or `gpt4`.
  ///
  /// @throws IllegalArgumentException if there is none of this name
  static Splitter named(String name) {
    return switch (name) {
      case "words" -> new WordEndSplitter();
      case "code" -> new CodeSplitter();
      case "gpt2" -> new Gpt2Splitter();
      case "gpt4" -> new Gpt4Splitter(3);
      default ->
          throw new IllegalArgumentException(
              "there is no splitter " + name + "; there are words, code, gpt2 and gpt4");
    };
  }

  /// Finds the last place at or before `limit`, after `from`, where a text may be cut for
  /// [#cutsAfterWords()]; `from` if there is none.
  static int lastCut(byte[] text, int from, int limit) {
    for (int at = Math.min(limit, text.length - 1); at > from; at--) {
      if ((text[at] == ' ' || text[at] == '\n') && isAsciiWord(text[at - 1])) {
        return at;
      }
    }
    return from;
  }

  private static boolean isAsciiWord(int b) {
    return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9';
  }
}
