package dev.lungo.bench;

import dev.lungo.nn.Parameter;
import dev.lungo.nn.Parameters;
import dev.lungo.tensor.RandomNumbers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The raw little-endian files by which two runtimes get the same weights and the same batches.
public final class TrainingFiles {
  private TrainingFiles() {}

  /// Writes every parameter as float32, one after the other in the order of their declaration.
  static void writeWeights(Path file, Parameters parameters) throws IOException {
    try (FileChannel channel = create(file)) {
      for (Parameter parameter : parameters.all()) {
        write(channel, parameter.tensor().data());
      }
    }
  }

  /// Writes memory as it is: little-endian on every processor that libtorch runs on.
  static void write(FileChannel channel, MemorySegment memory) throws IOException {
    ByteBuffer bytes = memory.asByteBuffer();
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /// Writes batches of int32: the ids of one batch, then the id that follows each.
  ///
  /// Ids are drawn so that small ones are frequent, and the model has something to learn.
  static void writeBatches(Path file, TrainingCase sizes, int batches, long seed)
      throws IOException {
    RandomNumbers random = new RandomNumbers(seed);
    int[] ids = new int[sizes.tokens() + 1];
    ByteBuffer bytes = ByteBuffer.allocate(8 * sizes.tokens()).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = create(file)) {
      for (int batch = 0; batch < batches; batch++) {
        for (int i = 0; i < ids.length; i++) {
          double u = random.nextDouble();
          ids[i] = (int) (u * u * u * sizes.vocabulary());
        }
        bytes.clear();
        for (int shift = 0; shift < 2; shift++) {
          for (int i = 0; i < sizes.tokens(); i++) {
            bytes.putInt(ids[i + shift]);
          }
        }
        bytes.flip();
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    }
  }

  /// Reads all batches of a file into `[batch][ids, then targets]`.
  public static int[][] readBatches(Path file, TrainingCase sizes) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      int length = 2 * sizes.tokens();
      int count = Math.toIntExact(channel.size() / 4 / length);
      var ints =
          channel
              .map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
              .order(ByteOrder.LITTLE_ENDIAN)
              .asIntBuffer();
      int[][] batches = new int[count][length];
      for (int[] batch : batches) {
        ints.get(batch);
      }
      return batches;
    }
  }

  private static FileChannel create(Path file) throws IOException {
    return FileChannel.open(
        file,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }
}
