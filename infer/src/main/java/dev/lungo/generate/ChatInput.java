package dev.lungo.generate;

import java.util.Optional;

/// Puts messages together from lines: one each, unless a line ends with a backslash, or a block
/// between two `"""` is open.
public final class ChatInput {
  private static final String QUOTES = "\"\"\"";

  private final StringBuilder message = new StringBuilder();
  private boolean open;
  private boolean inBlock;

  /// Returns whether a message has begun and is not complete.
  public boolean isOpen() {
    return open;
  }

  /// Takes a line without its end.
  ///
  /// @return the message, where it is complete now
  public Optional<String> accept(String line) {
    String rest = line;
    if (!open && rest.stripLeading().startsWith(QUOTES)) {
      rest = rest.stripLeading().substring(QUOTES.length());
      open = true;
      inBlock = true;
      if (rest.isEmpty()) {
        return Optional.empty();
      }
    }
    if (inBlock) {
      boolean ends = rest.stripTrailing().endsWith(QUOTES);
      if (!ends) {
        message.append(rest).append('\n');
        return Optional.empty();
      }
      rest = rest.stripTrailing();
      message.append(rest, 0, rest.length() - QUOTES.length());
      // The line end before closing quotes on a line of their own belongs to them.
      if (rest.equals(QUOTES) && !message.isEmpty()) {
        message.setLength(message.length() - 1);
      }
      return Optional.of(finish());
    }
    if (rest.endsWith("\\")) {
      message.append(rest, 0, rest.length() - 1).append('\n');
      open = true;
      return Optional.empty();
    }
    message.append(rest);
    return Optional.of(finish());
  }

  /// Ends the input.
  ///
  /// @return what was said of a message that has no end
  public Optional<String> end() {
    return open ? Optional.of(finish()) : Optional.empty();
  }

  /// Forgets what was said of a message that has no end.
  public void reset() {
    finish();
  }

  private String finish() {
    String text = message.toString();
    message.setLength(0);
    open = false;
    inBlock = false;
    return text;
  }
}
