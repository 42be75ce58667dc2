package dev.lungo.weights;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.GgufHeader.GgufTensorInfo;
import dev.lungo.file.MalformedFileException;
import java.util.Optional;

/// The metadata of a GGUF file by type. Names without a group belong to the file's architecture:
/// `block_count` is `llama.block_count` in a Llama.
final class GgufFields {
  private static final String ARCHITECTURE = "general.architecture";

  private final GgufHeader header;
  private final String architecture;

  GgufFields(GgufHeader header) throws MalformedFileException {
    this.header = header;
    Object value = header.metadata().getOrDefault(ARCHITECTURE, "");
    if (!(value instanceof String text)) {
      throw header.malformed(ARCHITECTURE, "is " + value + ", but must be a string");
    }
    architecture = text;
  }

  String architecture() {
    return architecture;
  }

  boolean has(String name) {
    return header.metadata().containsKey(full(name));
  }

  boolean hasTensor(String name) {
    return tensor(name).isPresent();
  }

  private Optional<GgufTensorInfo> tensor(String name) {
    return header.tensors().stream().filter(tensor -> tensor.name().equals(name)).findFirst();
  }

  /// Returns how many rows a tensor has that must be there.
  int rows(String name) throws MalformedFileException {
    GgufTensorInfo found = tensor(name).orElse(null);
    if (found == null || found.shape().length != 2) {
      throw header.malformed(name, "is missing");
    }
    return toSize(name, found.shape()[0]);
  }

  String text(String name, String otherwise) throws MalformedFileException {
    Object value = header.metadata().getOrDefault(full(name), otherwise);
    if (value instanceof String text) {
      return text;
    }
    throw malformed(name, "is " + value + ", but must be a string");
  }

  /// Returns a size that must be there.
  int size(String name) throws MalformedFileException {
    Object value = header.metadata().get(full(name));
    if (value == null) {
      throw malformed(name, "is missing");
    }
    return toSize(full(name), value);
  }

  /// Returns a size: a whole number from 1 on.
  int size(String name, int otherwise) throws MalformedFileException {
    return toSize(full(name), header.metadata().getOrDefault(full(name), otherwise));
  }

  private int toSize(String name, Object value) throws MalformedFileException {
    if (value instanceof Number number
        && number.longValue() >= 1
        && number.longValue() <= Integer.MAX_VALUE) {
      return number.intValue();
    }
    throw header.malformed(name, "is " + value + ", but must be a positive number");
  }

  /// Returns a number that must be there.
  double number(String name) throws MalformedFileException {
    if (!has(name)) {
      throw malformed(name, "is missing");
    }
    return number(name, 0);
  }

  double number(String name, double otherwise) throws MalformedFileException {
    Object value = header.metadata().getOrDefault(full(name), otherwise);
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw malformed(name, "is " + value + ", but must be a finite number");
  }

  /// Refuses a file that says anything but `harmless` under this name.
  void require(String name, double harmless, String reason) throws MalformedFileException {
    if (number(name, harmless) != harmless) {
      throw malformed(name, "is " + number(name, harmless) + ", but " + reason);
    }
  }

  /// Refuses a file that says false under this name.
  void requireTrue(String name, String reason) throws MalformedFileException {
    if (!header.metadata().getOrDefault(full(name), true).equals(true)) {
      throw malformed(name, "is false, but " + reason);
    }
  }

  private String full(String name) {
    return architecture + "." + name;
  }

  /// Makes the exception for an entry that cannot be.
  MalformedFileException malformed(String name, String reason) {
    return header.malformed(full(name), reason);
  }

  /// Makes the exception for an architecture that Lungo has not.
  MalformedFileException unknownArchitecture(String known) {
    return header.malformed(ARCHITECTURE, "is \"" + architecture + "\", but Lungo reads " + known);
  }

  /// Makes the exception for sizes that do not fit together.
  MalformedFileException impossible(IllegalArgumentException wrong) {
    return header.malformed("sizes", String.valueOf(wrong.getMessage()));
  }
}
