package dev.lungo.file;

import java.io.IOException;

/// Reports a file whose bytes do not mean what its format says they must.
public final class MalformedFileException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final long offset;
  private final String field;

  /// @param file the file's path, or the name of the stream
  /// @param offset the byte at which the field starts (a text file's parser may count lines instead
  ///   and say so)
  /// @param field what was being read
  /// @param reason what is wrong with it, with the values, and what would be right
  public MalformedFileException(String file, long offset, String field, String reason) {
    super(file + ": at byte " + offset + ", " + named(field) + ": " + reason);
    this.file = file;
    this.offset = offset;
    this.field = named(field);
  }

  public String file() {
    return file;
  }

  public long offset() {
    return offset;
  }

  public String field() {
    return field;
  }

  /// Names what the file itself gives an empty name.
  private static String named(String field) {
    return field.isEmpty() ? "(empty name)" : field;
  }
}
