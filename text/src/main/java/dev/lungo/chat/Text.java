package dev.lungo.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// A string that remembers of each character whether the template wrote it or it came as data.
///
/// Equal is what has equal characters, wherever they are from.
final class Text implements Value {
  static final Text EMPTY = new Text("", true, new int[0]);

  private final String string;
  private final boolean beginsInTemplate;

  /// Rising indices at which the origin changes, none of them 0 or the length.
  private final int[] changes;

  Text(String string, boolean beginsInTemplate, int[] changes) {
    this.string = string;
    this.beginsInTemplate = beginsInTemplate;
    this.changes = changes;
  }

  /// Makes text that the template wrote.
  static Text ofTemplate(String string) {
    return new Text(string, true, new int[0]);
  }

  /// Makes text that is data, whatever it looks like.
  static Text ofData(String string) {
    return new Text(string, false, new int[0]);
  }

  String string() {
    return string;
  }

  int length() {
    return string.length();
  }

  /// Returns the characters from index `from` to `to`.
  Text substring(int from, int to) {
    if (from == 0 && to == string.length()) {
      return this;
    }
    if (changes.length == 0 || from >= to) {
      return new Text(string.substring(from, Math.max(from, to)), beginsInTemplate, new int[0]);
    }
    boolean begins = beginsInTemplate;
    int first = 0;
    while (first < changes.length && changes[first] <= from) {
      begins = !begins;
      first++;
    }
    int last = first;
    while (last < changes.length && changes[last] < to) {
      last++;
    }
    int[] inner = new int[last - first];
    for (int i = first; i < last; i++) {
      inner[i - first] = changes[i] - from;
    }
    return new Text(string.substring(from, to), begins, inner);
  }

  /// Returns the text without some of its first and last characters.
  ///
  /// @param characters to take away; empty stands for white space
  Text strip(boolean left, boolean right, String characters) {
    int from = 0;
    int to = string.length();
    while (left && from < to && strips(string.codePointAt(from), characters)) {
      from += Character.charCount(string.codePointAt(from));
    }
    while (right && from < to && strips(string.codePointBefore(to), characters)) {
      to -= Character.charCount(string.codePointBefore(to));
    }
    return substring(from, to);
  }

  private static boolean strips(int character, String characters) {
    return characters.isEmpty() ? isSpace(character) : characters.indexOf(character) >= 0;
  }

  /// Says whether Python takes a character for white space.
  static boolean isSpace(int c) {
    return c == ' '
        || c >= 9 && c <= 13
        || c >= 0x1c && c <= 0x1f
        || c == 0x85
        || c == 0xa0
        || c > 0xff && (Character.isSpaceChar(c));
  }

  /// Changes the pieces of the same origin one by one.
  Text mapped(Budget budget, UnaryOperator<String> change) {
    TextBuilder out = new TextBuilder(budget);
    for (RenderedChat.Segment segment : segments()) {
      out.append(change.apply(segment.text()), segment.fromTemplate());
    }
    return out.build();
  }

  /// Returns the longest pieces of one origin each.
  List<RenderedChat.Segment> segments() {
    List<RenderedChat.Segment> segments = new ArrayList<>(changes.length + 1);
    boolean fromTemplate = beginsInTemplate;
    int from = 0;
    for (int change : changes) {
      segments.add(new RenderedChat.Segment(string.substring(from, change), fromTemplate));
      fromTemplate = !fromTemplate;
      from = change;
    }
    if (from < string.length()) {
      segments.add(new RenderedChat.Segment(string.substring(from), fromTemplate));
    }
    return segments;
  }

  boolean beginsInTemplate() {
    return beginsInTemplate;
  }

  /// Returns the indices at which the origin changes; not to be written to.
  int[] changes() {
    return changes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Text text && text.string.equals(string);
  }

  @Override
  public int hashCode() {
    return string.hashCode();
  }

  @Override
  public String toString() {
    return string;
  }
}
