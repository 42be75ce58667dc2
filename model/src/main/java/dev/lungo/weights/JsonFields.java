package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonToken;

/// The fields of a small JSON file, found by name, each with its place. Nested objects' fields are
/// named `outer.inner`.
final class JsonFields {
  /// No description of a model is as large as this.
  private static final int LARGEST = 1 << 20;

  private static final int MOST_IDS = 1024;
  private static final int MOST_FACTORS = 1 << 15;
  private static final int MOST_SYMBOLS = 1 << 16;
  private static final int MOST_LAYERS = 10_000;

  /// The value of a field.
  private sealed interface Value {
    long at();
  }

  private record Whole(long at, long value) implements Value {}

  private record Real(long at, double value) implements Value {}

  private record Text(long at, String value) implements Value {}

  private record Truth(long at, boolean value) implements Value {}

  private record Wholes(long at, long[] values) implements Value {}

  private record Reals(long at, double[] values) implements Value {}

  private record Texts(long at, List<String> values) implements Value {}

  private record Null(long at) implements Value {}

  /// Something present that Lungo reads nothing from: a list of other things, or an object.
  private record Other(long at) implements Value {}

  private final String file;
  private final Map<String, Value> values = new HashMap<>();

  private JsonFields(Path file) {
    this.file = file.toString();
  }

  static JsonFields read(Path file) throws IOException {
    JsonFields fields = new JsonFields(file);
    try (JsonHeader json = JsonHeader.open(file, LARGEST)) {
      json.readDocument(field -> fields.add(json, field));
    }
    return fields;
  }

  private void add(JsonHeader json, String name) throws IOException {
    long at = json.offset();
    if (json.at(JsonToken.VALUE_NUMBER_INT)) {
      values.put(name, new Whole(at, json.readWhole(name)));
    } else if (json.at(JsonToken.VALUE_NUMBER_FLOAT)) {
      values.put(name, new Real(at, json.readNumber(name)));
    } else if (json.at(JsonToken.VALUE_STRING)) {
      values.put(name, new Text(at, json.readString(name)));
    } else if (json.at(JsonToken.VALUE_TRUE) || json.at(JsonToken.VALUE_FALSE)) {
      values.put(name, new Truth(at, json.readBoolean(name)));
    } else if (json.at(JsonToken.START_OBJECT)) {
      values.put(name, new Other(at));
      json.readObject(name, inner -> add(json, name + "." + inner));
    } else if (json.at(JsonToken.START_ARRAY) && name.endsWith("_token_id")) {
      values.put(name, new Wholes(at, json.readCounts(name, MOST_IDS)));
    } else if (json.at(JsonToken.START_ARRAY) && name.endsWith("_factor")) {
      values.put(name, new Reals(at, json.readNumbers(name, MOST_FACTORS)));
    } else if (json.at(JsonToken.START_ARRAY) && name.endsWith("_vocab")) {
      values.put(name, new Texts(at, json.readStrings(name, MOST_SYMBOLS)));
    } else if (json.at(JsonToken.START_ARRAY) && name.equals("layer_types")) {
      values.put(name, new Texts(at, json.readStrings(name, MOST_LAYERS)));
    } else if (json.at(JsonToken.START_ARRAY)) {
      values.put(name, new Other(at));
      json.skip();
    } else {
      values.put(name, new Null(at));
    }
  }

  /// Returns whether there is a value. What is null counts as absent.
  boolean has(String name) {
    return value(name) != null;
  }

  /// Returns whether there is a field, if only to say null.
  boolean mentions(String name) {
    return values.containsKey(name);
  }

  private @Nullable Value value(String name) {
    return values.get(name) instanceof Null ? null : values.get(name);
  }

  /// Returns a size that must be there.
  int size(String name) throws MalformedFileException {
    if (!has(name)) {
      throw new MalformedFileException(file, 0, name, "is missing");
    }
    return size(name, 0);
  }

  /// Returns a size: a whole number from 1 on.
  int size(String name, int absent) throws MalformedFileException {
    return switch (value(name)) {
      case null -> absent;
      case Whole(long at, long value) when value < 1 || value > Integer.MAX_VALUE ->
          throw new MalformedFileException(
              file, at, name, "is " + value + ", which is no possible size");
      case Whole whole -> (int) whole.value;
      case Value other -> throw malformed(name, other, "a whole number");
    };
  }

  double number(String name, double absent) throws MalformedFileException {
    return switch (value(name)) {
      case null -> absent;
      case Whole whole -> whole.value;
      case Real real -> real.value;
      case Value other -> throw malformed(name, other, "a number");
    };
  }

  boolean truth(String name, boolean absent) throws MalformedFileException {
    return switch (value(name)) {
      case null -> absent;
      case Truth truth -> truth.value;
      case Value other -> throw malformed(name, other, "true or false");
    };
  }

  String text(String name, String absent) throws MalformedFileException {
    return switch (value(name)) {
      case null -> absent;
      case Text text -> text.value;
      case Value other -> throw malformed(name, other, "a string");
    };
  }

  /// Returns a number that must be there.
  double number(String name) throws MalformedFileException {
    if (!has(name)) {
      throw new MalformedFileException(file, 0, name, "is missing");
    }
    return number(name, 0);
  }

  /// Returns a list of numbers that must be there.
  List<Double> numbers(String name) throws MalformedFileException {
    return switch (value(name)) {
      case null -> throw new MalformedFileException(file, 0, name, "is missing");
      case Reals reals -> Arrays.stream(reals.values).boxed().toList();
      case Value other -> throw malformed(name, other, "a list of numbers");
    };
  }

  /// Returns a list of strings, empty if there is none.
  List<String> texts(String name) throws MalformedFileException {
    return switch (value(name)) {
      case null -> List.of();
      case Texts texts -> texts.values;
      case Value other -> throw malformed(name, other, "a list of strings");
    };
  }

  /// Returns token ids: a number, a list of numbers, or nothing.
  List<Integer> ids(String name) throws MalformedFileException {
    return switch (value(name)) {
      case null -> List.of();
      case Whole whole -> List.of(id(name, whole.at, whole.value));
      case Wholes wholes -> {
        List<Integer> ids = new ArrayList<>();
        for (long value : wholes.values) {
          ids.add(id(name, wholes.at, value));
        }
        yield ids;
      }
      case Value other -> throw malformed(name, other, "a token id or a list of them");
    };
  }

  OptionalInt id(String name) throws MalformedFileException {
    List<Integer> ids = ids(name);
    if (ids.size() > 1) {
      throw malformed(name, "has " + ids.size() + " ids, but must have one");
    }
    return ids.isEmpty() ? OptionalInt.empty() : OptionalInt.of(ids.getFirst());
  }

  private int id(String name, long at, long value) throws MalformedFileException {
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new MalformedFileException(file, at, name, "is " + value + ", which is no token id");
    }
    return (int) value;
  }

  /// Makes the exception for a field whose value cannot be.
  MalformedFileException malformed(String name, String reason) {
    Value value = values.get(name);
    return new MalformedFileException(file, value == null ? 0 : value.at(), name, reason);
  }

  private MalformedFileException malformed(String name, Value value, String wanted) {
    return new MalformedFileException(file, value.at(), name, "must be " + wanted);
  }
}
