package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads those entries of a GGUF file's metadata whose names begin with a prefix; the weights
/// behind stay unread.
///
/// No length is believed that the rest of the file could not hold.
final class GgufMetadata {
  private static final int MAGIC = 0x46554747;
  private static final int MOST_ENTRIES = 1 << 16;
  private static final int LONGEST_NAME = 1 << 16;
  private static final int ARRAY = 9;
  private static final int STRING = 8;

  private final Path file;
  private final InputStream in;
  private final long length;
  private long offset;

  private GgufMetadata(Path file, InputStream in, long length) {
    this.file = file;
    this.in = in;
    this.length = length;
  }

  /// Returns the entries by their names without the prefix: strings, booleans, numbers, and lists
  /// of these.
  static Map<String, Object> read(Path file, String prefix) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      return new GgufMetadata(file, in, Files.size(file)).read(prefix);
    } catch (EOFException e) {
      throw new MalformedFileException(
          file.toString(), Files.size(file), "metadata", "the file ends within it");
    }
  }

  private Map<String, Object> read(String prefix) throws IOException {
    if (number(4) != MAGIC) {
      throw malformed("magic", "is no GGUF file; they begin with GGUF");
    }
    long version = number(4);
    if (version < 2 || version > 3) {
      throw malformed("version", version + "; Lungo reads 2 and 3");
    }
    number(8);
    long count = number(8);
    if (count < 0 || count > MOST_ENTRIES) {
      throw malformed("metadata count", count + " is outside 0 to " + MOST_ENTRIES);
    }
    Map<String, Object> values = new HashMap<>();
    for (long i = 0; i < count; i++) {
      String name = string(LONGEST_NAME);
      int type = (int) number(4);
      if (name.startsWith(prefix)) {
        values.put(name.substring(prefix.length()), value(type));
      } else {
        skip(type);
      }
    }
    return values;
  }

  private MalformedFileException malformed(String field, String reason) {
    return new MalformedFileException(file.toString(), offset, field, reason);
  }

  private Object value(int type) throws IOException {
    if (type != ARRAY) {
      return scalar(type);
    }
    int element = (int) number(4);
    long count = count(element);
    List<Object> list = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      list.add(scalar(element));
    }
    return list;
  }

  private Object scalar(int type) throws IOException {
    return switch (type) {
      case 0, 1, 2, 3, 4, 5, 10, 11 -> number(size(type));
      case 6 -> Float.intBitsToFloat((int) number(4));
      case 7 -> number(1) != 0;
      case STRING -> string(length);
      case 12 -> Double.longBitsToDouble(number(8));
      default ->
          throw malformed(
              "type", type + " is unknown; 0 to 12 exist, and arrays hold no arrays here");
    };
  }

  private void skip(int type) throws IOException {
    if (type == STRING) {
      skipBytes(bounded(number(8), length, "string length"));
    } else if (type != ARRAY) {
      skipBytes(size(type));
    } else {
      int element = (int) number(4);
      long count = count(element);
      if (element == STRING) {
        for (long i = 0; i < count; i++) {
          skip(STRING);
        }
      } else {
        skipBytes(count * size(element));
      }
    }
  }

  /// Reads how many elements an array has: each takes at least its size in the file.
  private long count(int element) throws IOException {
    long left = length - offset;
    return bounded(number(8), left / (element == STRING ? 8 : size(element)), "array length");
  }

  private int size(int type) throws IOException {
    return switch (type) {
      case 0, 1, 7 -> 1;
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case 10, 11, 12 -> 8;
      default ->
          throw malformed(
              "type", type + " is unknown; 0 to 12 exist, and arrays hold no arrays here");
    };
  }

  private long bounded(long value, long most, String field) throws IOException {
    if (value < 0 || value > most || value > length - offset) {
      throw malformed(field, value + "; " + (length - offset) + " bytes are left");
    }
    return value;
  }

  /// Reads a little-endian number, unsigned where it has fewer than eight bytes.
  private long number(int bytes) throws IOException {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException();
      }
      value |= (long) b << 8 * i;
    }
    offset += bytes;
    return value;
  }

  private String string(long most) throws IOException {
    int size = (int) Math.min(Integer.MAX_VALUE - 8, bounded(number(8), most, "string length"));
    byte[] bytes = in.readNBytes(size);
    offset += bytes.length;
    if (bytes.length < size) {
      throw new EOFException();
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private void skipBytes(long count) throws IOException {
    in.skipNBytes(count);
    offset += count;
  }
}
