package dev.lungo.chat;

/// Reports a template that is wrong, that does not fit the conversation, or that costs too much.
public final class ChatTemplateException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final int line;
  private final int column;

  /// @param line of the template, from 1 on
  /// @param column of the template, from 1 on
  /// @param reason what is wrong, and what was expected
  public ChatTemplateException(int line, int column, String reason) {
    super("chat template, line " + line + ", column " + column + ": " + reason);
    this.line = line;
    this.column = column;
  }

  ChatTemplateException(Place at, String reason) {
    this(at.line(), at.column(), reason);
  }

  public int line() {
    return line;
  }

  public int column() {
    return column;
  }
}
