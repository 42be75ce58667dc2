package dev.lungo.bench;

import dev.lungo.kernel.RecurrentKernels.Cell;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// Stacked recurrent layers, the same for every contestant.
///
/// Files hold float32 arrays one after the other: as inputs x (T, B, H), the gradient of the result
/// (T, B, H), and for each layer PyTorch's four weights, (gates·H, H) twice and (gates·H) twice; as
/// results the last layer's h (T, B, H), the gradient of x, and those of all weights.
public record RecurrentCase(Cell cell, int layers, int width, int steps, int batch) {
  /// Returns the words by which a child is told.
  String words() {
    return String.join(
        " ",
        cell.name(),
        Integer.toString(layers),
        Integer.toString(width),
        Integer.toString(steps),
        Integer.toString(batch));
  }

  /// Reads what [#words] wrote, from `words[first]` on.
  public static RecurrentCase parse(String[] words, int first) {
    return new RecurrentCase(
        Cell.valueOf(words[first]),
        Integer.parseInt(words[first + 1]),
        Integer.parseInt(words[first + 2]),
        Integer.parseInt(words[first + 3]),
        Integer.parseInt(words[first + 4]));
  }

  /// Returns the shapes of the arrays in a file.
  public List<long[]> shapes() {
    long rows = (long) cell.gates() * width;
    List<long[]> shapes = new ArrayList<>();
    shapes.add(new long[] {steps, batch, width});
    shapes.add(new long[] {steps, batch, width});
    for (int layer = 0; layer < layers; layer++) {
      shapes.add(new long[] {rows, width});
      shapes.add(new long[] {rows, width});
      shapes.add(new long[] {rows});
      shapes.add(new long[] {rows});
    }
    return shapes;
  }

  /// Writes arrays of [#shapes].
  public static void write(Path file, List<float[]> arrays) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      for (float[] array : arrays) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * array.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(array);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    }
  }

  /// Reads arrays of [#shapes].
  public List<float[]> read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      var floats =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer();
      List<float[]> arrays = new ArrayList<>();
      for (long[] shape : shapes()) {
        long count = 1;
        for (long dimension : shape) {
          count *= dimension;
        }
        float[] array = new float[Math.toIntExact(count)];
        floats.get(array);
        arrays.add(array);
      }
      return arrays;
    }
  }
}
