package dev.lungo.chat;

import java.util.Arrays;

/// Puts a [Text] together and charges a [Budget] for it.
final class TextBuilder {
  private final Budget budget;
  private final StringBuilder string = new StringBuilder();
  private boolean begins = true;
  private boolean ends = true;
  private int[] changes = new int[4];
  private int changeCount;

  TextBuilder(Budget budget) {
    this.budget = budget;
  }

  TextBuilder append(Text text) {
    int start = string.length();
    append(text.string(), text.beginsInTemplate());
    for (int change : text.changes()) {
      addChange(start + change);
      ends = !ends;
    }
    return this;
  }

  TextBuilder append(String piece, boolean fromTemplate) {
    if (piece.isEmpty()) {
      return this;
    }
    budget.characters(string.length(), piece.length());
    if (string.isEmpty()) {
      begins = fromTemplate;
    } else if (ends != fromTemplate) {
      addChange(string.length());
    }
    ends = fromTemplate;
    string.append(piece);
    return this;
  }

  private void addChange(int at) {
    if (changeCount == changes.length) {
      changes = Arrays.copyOf(changes, 2 * changeCount);
    }
    changes[changeCount++] = at;
  }

  int length() {
    return string.length();
  }

  Text build() {
    return new Text(string.toString(), begins, Arrays.copyOf(changes, changeCount));
  }
}
