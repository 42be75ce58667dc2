package dev.lungo.weights;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/// Writes safetensors files: streamed, so that it takes no memory beside the tensors, and atomic.
public final class SafetensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int CHUNK = 1 << 20;

  private SafetensorsWriter() {}

  /// Writes the bytes of one tensor.
  @FunctionalInterface
  public interface Source {
    /// Writes exactly the bytes that shape and type ask for, little-endian, at the channel's
    /// position.
    void writeTo(FileChannel out) throws IOException;
  }

  /// A tensor to be written.
  ///
  /// @param shape the sizes of its dimensions, as readers shall see them
  public record Outgoing(String name, StoredType type, long[] shape, Source source) {
    /// Writes memory as it is.
    ///
    /// @param data little-endian
    public static Outgoing of(String name, StoredType type, long[] shape, MemorySegment data) {
      Outgoing tensor = new Outgoing(name, type, shape, out -> write(out, data));
      if (tensor.bytes() != data.byteSize()) {
        throw new IllegalArgumentException(
            tensor + " needs " + tensor.bytes() + " bytes, but the data has " + data.byteSize());
      }
      return tensor;
    }

    /// Writes a float32 matrix that memory holds as (rows, columns) the other way round, as
    /// (columns, rows).
    public static Outgoing transposed(String name, int rows, int columns, MemorySegment data) {
      Outgoing checked = of(name, StoredType.F32, new long[] {columns, rows}, data);
      return new Outgoing(
          name, StoredType.F32, checked.shape, out -> writeTransposed(out, rows, columns, data));
    }

    long bytes() {
      long bytes = type.bytes();
      for (long dimension : shape) {
        bytes = Math.multiplyExact(bytes, dimension);
      }
      return bytes;
    }

    @Override
    public String toString() {
      return name + ": " + type + " " + Arrays.toString(shape);
    }
  }

  /// Replaces `file` by the tensors, those of wide numbers first so that all stay aligned,
  /// otherwise in their order.
  ///
  /// @param metadata free text about the file; readers of Hugging Face expect `format` = `pt`
  /// @throws IllegalArgumentException when two tensors share a name
  public static void write(Path file, Map<String, String> metadata, List<Outgoing> tensors)
      throws IOException {
    List<Outgoing> ordered = new ArrayList<>(tensors);
    ordered.sort(Comparator.comparingInt((Outgoing tensor) -> tensor.type.bytes()).reversed());
    byte[] header = header(metadata, ordered);
    AtomicFiles.writeChannel(
        file,
        out -> {
          ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
          writeFully(out, length.putLong(header.length).flip());
          writeFully(out, ByteBuffer.wrap(header));
          for (Outgoing tensor : ordered) {
            long expected = out.position() + tensor.bytes();
            tensor.source.writeTo(out);
            if (out.position() != expected) {
              throw new IllegalStateException(
                  tensor
                      + ": its source wrote up to byte "
                      + out.position()
                      + " instead of "
                      + expected);
            }
          }
        });
  }

  private static byte[] header(Map<String, String> metadata, List<Outgoing> tensors) {
    Map<String, Object> header = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      header.put("__metadata__", metadata);
    }
    Set<String> names = new HashSet<>();
    long offset = 0;
    for (Outgoing tensor : tensors) {
      if (tensor.name.equals("__metadata__") || !names.add(tensor.name)) {
        throw new IllegalArgumentException(
            "write: the name " + tensor.name + " is taken; rename one tensor");
      }
      long end = offset + tensor.bytes();
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", tensor.type.name());
      entry.put("shape", tensor.shape);
      entry.put("data_offsets", new long[] {offset, end});
      header.put(tensor.name, entry);
      offset = end;
    }
    byte[] json = JSON.writeValueAsBytes(header);
    int padding = -json.length & 7;
    byte[] spaces = " ".repeat(padding).getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, json.length + padding);
    System.arraycopy(spaces, 0, padded, json.length, padding);
    return padded;
  }

  private static void write(FileChannel out, MemorySegment data) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(CHUNK, data.byteSize()));
    MemorySegment staged = MemorySegment.ofBuffer(buffer);
    for (long from = 0; from < data.byteSize(); from += CHUNK) {
      int count = (int) Math.min(CHUNK, data.byteSize() - from);
      MemorySegment.copy(data, from, staged, 0, count);
      writeFully(out, buffer.clear().limit(count));
    }
  }

  private static void writeTransposed(FileChannel out, int rows, int columns, MemorySegment data)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    for (long column = 0; column < columns; column++) {
      for (long row = 0; row < rows; row++) {
        buffer.putFloat(data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (row * columns + column)));
        if (!buffer.hasRemaining()) {
          writeFully(out, buffer.flip());
          buffer.clear();
        }
      }
    }
    writeFully(out, buffer.flip());
  }

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }
}
