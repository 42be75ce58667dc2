package dev.lungo.weights;

import dev.lungo.quant.BlockFormat;
import dev.lungo.tensor.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Encodes rows in any number format and streams them to a file: several threads encode, one
/// writes, and only a few pieces are in memory.
final class RowEncoder implements AutoCloseable {
  private static final int PIECE_ELEMENTS = 1 << 18;

  private final int threads;
  private final ExecutorService pool;

  /// What was lost.
  ///
  /// @param squaredErrors sum of the squares of all differences
  /// @param squares sum of the squares of all numbers
  record Loss(double squaredErrors, double squares, long elements) {
    static final Loss NONE = new Loss(0, 0, 0);

    Loss plus(Loss other) {
      return new Loss(
          squaredErrors + other.squaredErrors, squares + other.squares, elements + other.elements);
    }

    /// Returns the root mean square of the differences over that of the numbers.
    double relative() {
      return squares == 0 ? 0 : Math.sqrt(squaredErrors / squares);
    }
  }

  private record Piece(ByteBuffer bytes, Loss loss) {}

  RowEncoder(int threads) {
    this.threads = threads;
    pool = Executors.newFixedThreadPool(threads);
  }

  /// Writes all rows at the channel's position.
  ///
  /// @param name what messages call them
  /// @throws IllegalArgumentException if a number is none that the type can hold
  Loss write(FileChannel out, String name, WeightRows rows, DType type) throws IOException {
    int step = Math.max(1, PIECE_ELEMENTS / rows.width());
    Deque<Future<Piece>> running = new ArrayDeque<>();
    Loss loss = Loss.NONE;
    int next = 0;
    while (next < rows.count() || !running.isEmpty()) {
      while (next < rows.count() && running.size() <= threads) {
        int from = next;
        next = (int) Math.min(rows.count(), (long) from + step);
        int to = next;
        running.add(pool.submit(() -> encode(name, rows, from, to, type)));
      }
      Piece piece = result(running.remove());
      loss = loss.plus(piece.loss);
      while (piece.bytes.hasRemaining()) {
        out.write(piece.bytes);
      }
    }
    return loss;
  }

  private static Piece encode(String name, WeightRows rows, int from, int to, DType type) {
    int width = rows.width();
    int rowBytes = Math.toIntExact(type.bytes(width));
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(to - from, rowBytes)).order(ByteOrder.LITTLE_ENDIAN);
    MemorySegment target = MemorySegment.ofBuffer(bytes);
    float[] row = new float[width];
    float[] back = new float[width];
    Loss loss = Loss.NONE;
    for (int i = from; i < to; i++) {
      rows.reader().read(i, row);
      long offset = (long) (i - from) * rowBytes;
      try {
        encode(row, type.format(), target, offset, back);
      } catch (IllegalArgumentException unfit) {
        throw new IllegalArgumentException(
            name + ", row " + i + ", cannot be written as " + type + ": " + unfit.getMessage(),
            unfit);
      }
      loss = loss.plus(loss(row, back));
    }
    return new Piece(bytes, loss);
  }

  private static void encode(
      float[] row, Optional<BlockFormat> format, MemorySegment target, long offset, float[] back) {
    if (format.isPresent()) {
      format.get().encode(row, 0, target, offset, row.length);
      format.get().decode(target, offset, back, 0, row.length);
      return;
    }
    for (int i = 0; i < row.length; i++) {
      if (!Float.isFinite(row[i])) {
        throw new IllegalArgumentException("number " + i + " is " + row[i]);
      }
    }
    MemorySegment.copy(
        row,
        0,
        target,
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
        offset,
        row.length);
    System.arraycopy(row, 0, back, 0, row.length);
  }

  private static Loss loss(float[] row, float[] back) {
    double errors = 0;
    double squares = 0;
    for (int i = 0; i < row.length; i++) {
      double difference = (double) back[i] - row[i];
      errors += difference * difference;
      squares += (double) row[i] * row[i];
    }
    return new Loss(errors, squares, row.length);
  }

  private static Piece result(Future<Piece> future) throws IOException {
    try {
      return future.get();
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while encoding", interrupted);
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
  }
}
