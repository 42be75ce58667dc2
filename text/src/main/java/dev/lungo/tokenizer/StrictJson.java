package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/// Reads JSON from outside: no duplicate names, bounded depth and lengths, and one exception type
/// for whatever is wrong.
final class StrictJson {
  static final long LONGEST_DOCUMENT = 1L << 28;
  private static final int DEEPEST = 64;
  private static final int LONGEST_STRING = 1 << 20;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxDocumentLength(LONGEST_DOCUMENT)
                  .maxNestingDepth(DEEPEST)
                  .maxStringLength(LONGEST_STRING)
                  .maxNameLength(LONGEST_STRING)
                  .maxNumberLength(64)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // Vocabularies have more names than a symbol table is made for.
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  /// Reads the opened document.
  @FunctionalInterface
  interface Reader<T> {
    T read(JsonCursor json) throws IOException;
  }

  private StrictJson() {}

  /// Opens `file` and turns whatever is wrong with its JSON into a [MalformedFileException].
  static <T> T read(Path file, Reader<T> reader) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        JsonParser parser = parser(file, in)) {
      JsonCursor cursor = new JsonCursor(file, parser);
      try {
        return reader.read(cursor);
      } catch (JacksonException e) {
        if (e.getCause() instanceof IOException cause
            && !(cause instanceof CharConversionException)) {
          throw cause;
        }
        throw cursor.malformed("JSON", e.getOriginalMessage());
      }
    }
  }

  /// Starts to parse, which looks at the first bytes: they may be of an encoding that does not
  /// exist.
  private static JsonParser parser(Path file, InputStream in) throws MalformedFileException {
    try {
      return FACTORY.createParser(ObjectReadContext.empty(), in);
    } catch (JacksonException e) {
      throw new MalformedFileException(file.toString(), 0, "JSON", e.getOriginalMessage());
    }
  }

  /// A position in a JSON document.
  static final class JsonCursor {
    private final Path file;
    private final JsonParser parser;
    private final long length;

    private JsonCursor(Path file, JsonParser parser) throws IOException {
      this.file = file;
      this.parser = parser;
      this.length = Files.size(file);
    }

    /// Returns the length of the file in bytes: nothing in it can be more numerous.
    long length() {
      return length;
    }

    MalformedFileException malformed(String field, String reason) {
      long offset = Math.max(0, parser.currentLocation().getByteOffset());
      return new MalformedFileException(file.toString(), offset, field, reason);
    }

    /// Moves on and demands `wanted`.
    void expect(JsonToken wanted, String field) throws IOException {
      JsonToken found = parser.nextToken();
      if (found != wanted) {
        throw malformed(field, "expected " + wanted + ", found " + found);
      }
    }

    JsonToken next() {
      return parser.nextToken();
    }

    /// Returns the next name of the open object; empty at its end.
    Optional<String> nextName(String field) throws IOException {
      JsonToken token = parser.nextToken();
      if (token == JsonToken.PROPERTY_NAME) {
        return Optional.of(parser.currentName());
      }
      if (token == JsonToken.END_OBJECT) {
        return Optional.empty();
      }
      throw malformed(field, "expected a name or the end of the object, found " + token);
    }

    /// Reads a whole number from 0 to `limit`.
    int nextIndex(long limit, String field) throws IOException {
      expect(JsonToken.VALUE_NUMBER_INT, field);
      long value = parser.getLongValue();
      if (value < 0 || value > limit) {
        throw malformed(field, value + " is outside 0 to " + limit);
      }
      return (int) value;
    }

    /// Reads a number.
    double nextNumber(String field) throws IOException {
      JsonToken token = parser.nextToken();
      if (token != JsonToken.VALUE_NUMBER_FLOAT && token != JsonToken.VALUE_NUMBER_INT) {
        throw malformed(field, "expected a number, found " + token);
      }
      return parser.getDoubleValue();
    }

    String string(String field) throws IOException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw malformed(field, "expected a string, found " + parser.currentToken());
      }
      return parser.getString();
    }

    /// Reads the next value whole: for the small parts of a document.
    JsonNode nextTree() throws IOException {
      parser.nextToken();
      return JsonTree.read(parser);
    }

    void skipNext() {
      parser.nextToken();
      parser.skipChildren();
    }

    /// Demands that nothing follows.
    void end() throws IOException {
      JsonToken token = parser.nextToken();
      if (token != null) {
        throw malformed("end of file", "found " + token + " after the document");
      }
    }
  }
}
