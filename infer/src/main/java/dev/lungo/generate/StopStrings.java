package dev.lungo.generate;

import java.util.List;

/// Ends a stream of text at the first stop string, and never lets the beginning of one out before
/// it is clear that it is none.
///
/// How the text is cut into pieces makes no difference: what counts is the stop string that is
/// complete first.
public final class StopStrings {
  private final List<String> stops;

  /// Text that may yet turn out to be the beginning of a stop string.
  private final StringBuilder held = new StringBuilder();

  private boolean stopped;

  /// @param stops none may be empty; an empty list never stops
  public StopStrings(List<String> stops) {
    for (String stop : stops) {
      if (stop.isEmpty()) {
        throw new IllegalArgumentException(
            "a stop string must not be empty: it would stop at once");
      }
    }
    this.stops = List.copyOf(stops);
  }

  /// Takes the next piece of text.
  ///
  /// @return what may be shown now
  /// @throws IllegalStateException after a stop string was found
  public String push(String piece) {
    if (stopped) {
      throw new IllegalStateException("push: the text ended at a stop string");
    }
    if (stops.isEmpty()) {
      return piece;
    }
    held.append(piece);
    int start = -1;
    int end = Integer.MAX_VALUE;
    for (String stop : stops) {
      int found = held.indexOf(stop);
      int foundEnd = found + stop.length();
      if (found >= 0 && (foundEnd < end || foundEnd == end && found < start)) {
        start = found;
        end = foundEnd;
      }
    }
    stopped = start >= 0;
    String shown = held.substring(0, stopped ? start : held.length() - undecided());
    held.delete(0, stopped ? held.length() : shown.length());
    return shown;
  }

  /// Returns how many characters at the end may begin a stop string.
  private int undecided() {
    int longest = 0;
    for (String stop : stops) {
      for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
        if (held.lastIndexOf(stop.substring(0, length)) == held.length() - length) {
          longest = length;
        }
      }
    }
    return longest;
  }

  /// Returns whether a stop string was found.
  public boolean stopped() {
    return stopped;
  }

  /// Ends the text.
  ///
  /// @return what was held back and turned out to begin no stop string
  public String finish() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }
}
