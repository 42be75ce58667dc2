package dev.lungo.chat;

/// Bounds what rendering may cost, whatever the template says: steps, characters, depth.
final class Budget {
  /// Templates take some hundred steps a message.
  static final int MOST_STEPS = 5_000_000;

  /// Characters of one text, the whole answer included.
  static final int LONGEST_TEXT = 1 << 23;

  /// Characters of all texts that are made on the way.
  static final long MOST_CHARACTERS = 1L << 26;

  /// Nested expressions, statements and macro calls.
  static final int DEEPEST = 400;

  /// Elements of one range.
  static final int LONGEST_RANGE = 100_000;

  private int steps;
  private long characters;
  private int depth;

  /// Charges one step.
  void step() {
    steps(1);
  }

  /// Charges several steps at once, such as the elements of a list.
  void steps(long count) {
    if (count > MOST_STEPS - steps) {
      throw new Refusal("takes more than " + MOST_STEPS + " steps; does it repeat itself?");
    }
    steps += (int) count;
  }

  /// Charges characters that are appended to a text of `length`.
  void characters(int length, long more) {
    if (more > LONGEST_TEXT - length) {
      throw new Refusal("makes a text of more than " + LONGEST_TEXT + " characters");
    }
    characters += more;
    if (characters > MOST_CHARACTERS) {
      throw new Refusal("makes more than " + MOST_CHARACTERS + " characters in all");
    }
  }

  void enter() {
    if (++depth > DEEPEST) {
      throw new Refusal("nests deeper than " + DEEPEST + " levels; does a macro call itself?");
    }
  }

  void leave() {
    depth--;
  }
}
