package dev.lungo.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Writes GGUF files, version 3: streamed, so that it takes no memory beside what tensors are made
/// of, and atomic.
public final class GgufWriter {
  private static final int MAGIC = 0x46554747;
  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;

  private GgufWriter() {}

  /// Writes the bytes of one tensor.
  @FunctionalInterface
  public interface Source {
    /// Writes exactly as many bytes as the tensor has, at the channel's position.
    void writeTo(FileChannel out) throws IOException;
  }

  /// A tensor to be written.
  ///
  /// @param shape sizes of its dimensions, the one that varies fastest last
  /// @param type the number of its element type
  /// @param bytes how long it is
  public record Outgoing(String name, long[] shape, int type, long bytes, Source source) {}

  /// Replaces `file`.
  ///
  /// @param metadata entries in their order: [Integer] (not negative), [Float], [Boolean],
  ///   [String], `int[]`, `float[]`, or a list of strings
  /// @throws IllegalArgumentException if two tensors share a name, or a value has another type
  public static void write(Path file, Map<String, Object> metadata, List<Outgoing> tensors)
      throws IOException {
    byte[] header = header(metadata, tensors);
    AtomicFiles.writeChannel(
        file,
        out -> {
          writeFully(out, ByteBuffer.wrap(header));
          pad(out);
          for (Outgoing tensor : tensors) {
            long expected = out.position() + tensor.bytes;
            tensor.source.writeTo(out);
            if (out.position() != expected) {
              throw new IllegalStateException(
                  tensor.name
                      + ": its source wrote up to byte "
                      + out.position()
                      + " instead of "
                      + expected);
            }
            pad(out);
          }
        });
  }

  private static byte[] header(Map<String, Object> metadata, List<Outgoing> tensors) {
    Bytes bytes = new Bytes();
    bytes.number(MAGIC, 4);
    bytes.number(VERSION, 4);
    bytes.number(tensors.size(), 8);
    bytes.number(metadata.size(), 8);
    metadata.forEach((name, value) -> {
      bytes.string(name);
      bytes.value(name, value);
    });
    Set<String> names = new HashSet<>();
    long offset = 0;
    for (Outgoing tensor : tensors) {
      if (!names.add(tensor.name)) {
        throw new IllegalArgumentException(
            "write: the name " + tensor.name + " is taken; rename one tensor");
      }
      bytes.string(tensor.name);
      bytes.number(tensor.shape.length, 4);
      for (int i = tensor.shape.length - 1; i >= 0; i--) {
        bytes.number(tensor.shape[i], 8);
      }
      bytes.number(tensor.type, 4);
      bytes.number(offset, 8);
      offset += (tensor.bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return bytes.out.toByteArray();
  }

  private static void pad(FileChannel out) throws IOException {
    int padding = (int) (-out.position() & ALIGNMENT - 1);
    writeFully(out, ByteBuffer.allocate(padding));
  }

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /// The header as it grows; all of it is small.
  private static final class Bytes {
    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    void number(long value, int count) {
      ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
      out.write(buffer.array(), 0, count);
    }

    void string(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      number(utf8.length, 8);
      out.writeBytes(utf8);
    }

    void value(String name, Object value) {
      switch (value) {
        case Integer number when number >= 0 -> {
          number(UINT32, 4);
          number(number, 4);
        }
        case Float number -> {
          number(FLOAT32, 4);
          number(Float.floatToRawIntBits(number), 4);
        }
        case Boolean truth -> {
          number(BOOL, 4);
          number(truth ? 1 : 0, 1);
        }
        case String text -> {
          number(STRING, 4);
          string(text);
        }
        case int[] numbers -> {
          array(INT32, numbers.length);
          for (int number : numbers) {
            number(number, 4);
          }
        }
        case float[] numbers -> {
          array(FLOAT32, numbers.length);
          for (float number : numbers) {
            number(Float.floatToRawIntBits(number), 4);
          }
        }
        case List<?> texts -> {
          array(STRING, texts.size());
          for (Object text : texts) {
            if (!(text instanceof String string)) {
              throw new IllegalArgumentException(
                  "write: " + name + " lists " + text + ", no string");
            }
            string(string);
          }
        }
        default ->
            throw new IllegalArgumentException(
                "write: " + name + " is " + value + ", which GGUF has no type for here");
      }
    }

    private void array(int type, int count) {
      number(ARRAY, 4);
      number(type, 4);
      number(count, 8);
    }
  }
}
