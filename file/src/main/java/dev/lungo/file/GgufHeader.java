package dev.lungo.file;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// What stands before the weights in a GGUF file (llama.cpp's format, versions 2 and 3): metadata,
/// and where each tensor lies.
///
/// No length is believed that the rest of the file could not hold.
///
/// @param metadata the wanted entries by name: strings, booleans, numbers, and lists of these
/// @param tensors in the order of the file
/// @param dataOffset the byte at which the first tensor may start
/// @param places the byte at which each wanted entry starts
public record GgufHeader(
    Path file,
    int version,
    Map<String, Object> metadata,
    List<GgufTensorInfo> tensors,
    long dataOffset,
    Map<String, Long> places) {

  /// Says where a tensor lies.
  ///
  /// @param shape sizes of its dimensions, the one that varies fastest last
  /// @param type the number of its element type
  /// @param offset byte of the file at which it starts
  /// @param described byte of the file at which its description starts
  public record GgufTensorInfo(String name, long[] shape, int type, long offset, long described) {}

  private static final String ALIGNMENT = "general.alignment";
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int LARGEST_ALIGNMENT = 1 << 16;

  /// Reads the header of a file.
  ///
  /// @param wanted says by its name whether a metadata entry is kept; the others are skipped, so
  ///   that who needs only sizes does not hold a vocabulary
  /// @throws MalformedFileException if the bytes are no valid header
  public static GgufHeader read(Path file, Predicate<String> wanted) throws IOException {
    long length = Files.size(file);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      return new Reader(file, in, length).read(wanted);
    } catch (EOFException e) {
      throw new MalformedFileException(
          file.toString(), length, "header", "the file ends within it; is the download complete?");
    }
  }

  /// Says that a metadata entry is wrong.
  ///
  /// @param field its name, or the end of it
  public MalformedFileException malformed(String field, String reason) {
    long at = places.getOrDefault(field, 0L);
    for (Map.Entry<String, Long> place : places.entrySet()) {
      if (at == 0 && place.getKey().endsWith("." + field)) {
        at = place.getValue();
      }
    }
    return new MalformedFileException(file.toString(), at, field, reason);
  }

  /// Reads a header from front to back.
  private static final class Reader {
    private static final int MAGIC = 0x46554747;
    private static final int MOST_ENTRIES = 1 << 16;
    private static final int MOST_DIMENSIONS = 4;
    private static final long LARGEST_OFFSET = 1L << 60;
    private static final int LONGEST_NAME = 1 << 16;

    /// About what a list's element and a string take beside their content.
    private static final int ELEMENT_BYTES = 32;

    private static final int STRING_BYTES = 64;

    private static final int ARRAY = 9;
    private static final int STRING = 8;

    private final Path file;
    private final InputStream in;
    private final long length;
    private long offset;
    private long alignment = DEFAULT_ALIGNMENT;
    private final Map<String, Long> places = new LinkedHashMap<>();

    /// A header that the file can hold may still be more than the heap can. The largest
    /// vocabularies take a tenth of this.
    private final long mostHeld = Math.min(1L << 29, Runtime.getRuntime().maxMemory() / 2);

    private long held;

    private Reader(Path file, InputStream in, long length) {
      this.file = file;
      this.in = in;
      this.length = length;
    }

    private GgufHeader read(Predicate<String> wanted) throws IOException {
      if (number(4) != MAGIC) {
        throw malformed("magic", "is no GGUF file; they begin with GGUF");
      }
      long version = number(4);
      if (version < 2 || version > 3) {
        throw malformed("version", version + "; Lungo reads 2 and 3");
      }
      long tensorCount = entries("tensor count");
      long count = entries("metadata count");
      Map<String, Object> metadata = metadata(count, wanted);
      List<Described> described = new ArrayList<>();
      Map<String, Described> names = new LinkedHashMap<>();
      for (long i = 0; i < tensorCount; i++) {
        Described tensor = tensor();
        if (names.put(tensor.name, tensor) != null) {
          throw new MalformedFileException(
              file.toString(), tensor.at, "tensor name", tensor.name + " comes twice");
        }
        described.add(tensor);
      }
      long dataOffset = (offset + alignment - 1) / alignment * alignment;
      List<GgufTensorInfo> tensors = new ArrayList<>();
      for (Described tensor : described) {
        checkOffset(tensor);
        tensors.add(
            new GgufTensorInfo(
                tensor.name, tensor.shape, tensor.type, dataOffset + tensor.offset, tensor.at));
      }
      return new GgufHeader(
          file,
          (int) version,
          Collections.unmodifiableMap(metadata),
          Collections.unmodifiableList(tensors),
          dataOffset,
          Collections.unmodifiableMap(places));
    }

    /// Whether the weights are all there is for who reads them to say.
    private void checkOffset(Described tensor) throws MalformedFileException {
      if (tensor.offset % alignment != 0 || tensor.offset < 0 || tensor.offset > LARGEST_OFFSET) {
        throw new MalformedFileException(
            file.toString(),
            tensor.at,
            "tensor " + tensor.name,
            "offset " + tensor.offset + " is no multiple of the alignment " + alignment);
      }
    }

    private Map<String, Object> metadata(long count, Predicate<String> wanted) throws IOException {
      Map<String, Object> values = new LinkedHashMap<>();
      for (long i = 0; i < count; i++) {
        long at = offset;
        String name = string(LONGEST_NAME);
        int type = (int) number(4);
        boolean isAlignment = name.equals(ALIGNMENT);
        if (!wanted.test(name) && !isAlignment) {
          skip(type);
          continue;
        }
        Object value = value(type);
        places.put(name, at);
        if (values.put(name, value) != null) {
          throw new MalformedFileException(
              file.toString(), at, name.isEmpty() ? "metadata name" : name, "comes twice");
        }
        if (isAlignment) {
          alignment = alignment(value, at);
        }
      }
      return values;
    }

    private long alignment(Object value, long at) throws IOException {
      if (value instanceof Number number
          && number.longValue() >= 8
          && number.longValue() <= LARGEST_ALIGNMENT
          && Long.bitCount(number.longValue()) == 1) {
        return number.longValue();
      }
      throw new MalformedFileException(
          file.toString(),
          at,
          ALIGNMENT,
          value + " is no power of two from 8 to " + LARGEST_ALIGNMENT);
    }

    /// A tensor before it is known where the weights begin.
    private record Described(String name, long[] shape, int type, long offset, long at) {}

    private Described tensor() throws IOException {
      long at = offset;
      String name = string(LONGEST_NAME);
      long dimensions = number(4);
      if (dimensions > MOST_DIMENSIONS) {
        throw malformed(
            "tensor " + name, dimensions + " dimensions; at most " + MOST_DIMENSIONS + " exist");
      }
      long[] shape = new long[(int) dimensions];
      long elements = 1;
      for (int i = shape.length - 1; i >= 0; i--) {
        shape[i] = number(8);
        if (shape[i] < 1 || shape[i] > Long.MAX_VALUE / elements) {
          throw malformed(
              "tensor " + name, "a dimension is " + shape[i] + "; its elements cannot be counted");
        }
        elements *= shape[i];
      }
      return new Described(name, shape, (int) number(4), number(8), at);
    }

    private long entries(String field) throws IOException {
      long count = number(8);
      if (count < 0 || count > MOST_ENTRIES) {
        throw malformed(field, count + " is outside 0 to " + MOST_ENTRIES);
      }
      return count;
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
        hold(ELEMENT_BYTES);
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

    private void hold(long bytes) throws IOException {
      held += bytes;
      if (held > mostHeld) {
        throw malformed(
            "header",
            "takes more than "
                + mostHeld
                + " bytes of the heap; is the file damaged? If not, raise the heap: LUNGO_JAVA_OPTS=-Xmx1g");
      }
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
      hold(STRING_BYTES + 2L * size);
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
}
