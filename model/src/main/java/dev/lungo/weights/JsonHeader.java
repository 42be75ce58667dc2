package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/// Pulls tokens out of JSON that strangers wrote: one object, strictly, with bounds, and with the
/// offset of every fault.
///
/// It reads a stream and keeps nothing, so that a large header costs no heap.
final class JsonHeader implements AutoCloseable {
  /// No file that Lungo reads nests deeper than this by far.
  private static final int DEEPEST = 32;

  private static final int LONGEST_NAME = 4096;
  private static final int LONGEST_STRING = 1 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST)
                  .maxNameLength(LONGEST_NAME)
                  .maxStringLength(LONGEST_STRING)
                  .maxNumberLength(64)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  /// Does something with the field that the parser stands on.
  @FunctionalInterface
  interface FieldReader {
    /// @param name the field's name; its value is the current token
    void read(String name) throws IOException;
  }

  private final String file;
  private final long base;
  private final JsonParser parser;

  /// Starts reading.
  ///
  /// @param base the byte of the file at which the JSON starts
  /// @param bytes the JSON and nothing after it
  JsonHeader(Path file, long base, InputStream bytes) throws MalformedFileException {
    this.file = file.toString();
    this.base = base;
    try {
      parser = FACTORY.createParser(ObjectReadContext.empty(), bytes);
    } catch (JacksonException e) {
      throw new MalformedFileException(this.file, base, "JSON", e.getOriginalMessage());
    }
  }

  /// Opens a whole JSON file of at most `largest` bytes.
  static JsonHeader open(Path file, int largest) throws IOException {
    // What is read of it takes several times as much.
    int most = (int) Math.min(largest, Runtime.getRuntime().maxMemory() / 8);
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(most + 1);
    }
    if (bytes.length > most) {
      throw new MalformedFileException(
          file.toString(),
          most,
          "size",
          "is more than " + most + " bytes; a file of this kind is smaller");
    }
    return new JsonHeader(file, 0, new ByteArrayInputStream(bytes));
  }

  /// Reads the whole document: an object, and nothing behind it.
  void readDocument(FieldReader fields) throws IOException {
    next();
    readObject("document", fields);
    if (next() != null) {
      throw malformed("document", "goes on after its closing brace");
    }
  }

  /// Reads the object that the parser stands on, up to its closing brace.
  void readObject(String field, FieldReader fields) throws IOException {
    expect(field, JsonToken.START_OBJECT, "an object {…}");
    while (next() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      next();
      fields.read(name);
    }
  }

  /// Reads the array of whole numbers, none negative, that the parser stands on.
  long[] readCounts(String field, int most) throws MalformedFileException {
    expect(field, JsonToken.START_ARRAY, "an array […]");
    long[] counts = new long[4];
    int size = 0;
    while (next() != JsonToken.END_ARRAY) {
      if (size == most) {
        throw malformed(field, "has more than " + most + " numbers");
      }
      if (size == counts.length) {
        counts = Arrays.copyOf(counts, Math.min(most, 2 * size));
      }
      counts[size++] = readCount(field);
    }
    return Arrays.copyOf(counts, size);
  }

  /// Reads the array of finite numbers that the parser stands on.
  double[] readNumbers(String field, int most) throws MalformedFileException {
    expect(field, JsonToken.START_ARRAY, "an array […]");
    double[] numbers = new double[4];
    int size = 0;
    while (next() != JsonToken.END_ARRAY) {
      if (size == most) {
        throw malformed(field, "has more than " + most + " numbers");
      }
      if (size == numbers.length) {
        numbers = Arrays.copyOf(numbers, Math.min(most, 2 * size));
      }
      numbers[size++] = readNumber(field);
    }
    return Arrays.copyOf(numbers, size);
  }

  /// Reads the array of strings that the parser stands on.
  List<String> readStrings(String field, int most) throws MalformedFileException {
    expect(field, JsonToken.START_ARRAY, "an array […]");
    List<String> strings = new ArrayList<>();
    while (next() != JsonToken.END_ARRAY) {
      if (strings.size() == most) {
        throw malformed(field, "has more than " + most + " strings");
      }
      strings.add(readString(field));
    }
    return strings;
  }

  /// Reads the whole number, not negative, that the parser stands on.
  long readCount(String field) throws MalformedFileException {
    long value = readWhole(field);
    if (value < 0) {
      throw malformed(field, "is " + value + ", but must not be negative");
    }
    return value;
  }

  /// Reads the whole number that the parser stands on.
  long readWhole(String field) throws MalformedFileException {
    expect(field, JsonToken.VALUE_NUMBER_INT, "a whole number");
    try {
      return parser.getLongValue();
    } catch (JacksonException e) {
      throw malformed(field, "does not fit 63 bits");
    }
  }

  /// Reads the finite number that the parser stands on.
  double readNumber(String field) throws MalformedFileException {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
      throw malformed(field, "must be a number, but is " + describe(token));
    }
    try {
      double value = parser.getDoubleValue();
      if (!Double.isFinite(value)) {
        throw malformed(field, "is too large for a number");
      }
      return value;
    } catch (JacksonException e) {
      throw fault(e);
    }
  }

  /// Reads the string that the parser stands on.
  String readString(String field) throws MalformedFileException {
    expect(field, JsonToken.VALUE_STRING, "a string");
    try {
      return parser.getString();
    } catch (JacksonException e) {
      throw fault(e);
    }
  }

  /// Reads the truth value that the parser stands on.
  boolean readBoolean(String field) throws MalformedFileException {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
      throw malformed(field, "must be true or false, but is " + describe(token));
    }
    return token == JsonToken.VALUE_TRUE;
  }

  /// Quotes text from outside in a message, cut short.
  static String quote(String text) {
    return text.length() <= 80 ? "\"" + text + "\"" : "\"" + text.substring(0, 80) + "…\"";
  }

  /// Returns whether the parser stands on `token`.
  boolean at(JsonToken token) {
    return parser.currentToken() == token;
  }

  /// Passes over the value that the parser stands on.
  void skip() throws MalformedFileException {
    try {
      parser.skipChildren();
    } catch (JacksonException e) {
      throw fault(e);
    }
  }

  /// Returns the byte of the file at which the current token starts.
  long offset() {
    return base + Math.max(0, parser.currentTokenLocation().getByteOffset());
  }

  /// Makes the exception for a fault at the current token.
  MalformedFileException malformed(String field, String reason) {
    return new MalformedFileException(file, offset(), field, reason);
  }

  private void expect(String field, JsonToken wanted, String inWords)
      throws MalformedFileException {
    JsonToken token = parser.currentToken();
    if (token != wanted) {
      throw malformed(field, "must be " + inWords + ", but is " + describe(token));
    }
  }

  private static String describe(@Nullable JsonToken token) {
    return switch (token) {
      case null -> "missing: the text ends here";
      case START_OBJECT -> "an object";
      case END_OBJECT -> "a closing brace";
      case START_ARRAY -> "an array";
      case END_ARRAY -> "a closing bracket";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number of another kind";
      case VALUE_TRUE, VALUE_FALSE -> "a truth value";
      case VALUE_NULL -> "null";
      case PROPERTY_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE -> "something else";
    };
  }

  private @Nullable JsonToken next() throws MalformedFileException {
    try {
      return parser.nextToken();
    } catch (JacksonException e) {
      throw fault(e);
    }
  }

  private MalformedFileException fault(JacksonException e) {
    TokenStreamLocation at = e.getLocation() == null ? parser.currentLocation() : e.getLocation();
    return new MalformedFileException(
        file,
        base + Math.max(0, at.getByteOffset()),
        "JSON",
        withoutSource(e.getOriginalMessage()));
  }

  /// Drops the parser's remark that it does not tell where the text comes from; the exception does.
  private static String withoutSource(String message) {
    return message.replaceAll("\\[Source: [^;\\]]*; ", "[");
  }

  @Override
  public void close() {
    parser.close();
  }
}
