package dev.lungo.nn;

import dev.lungo.op.Pass;
import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.Float16;
import dev.lungo.quant.Q8_0;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/// The keys or the values of one layer, (sequences, capacity, KV heads, D), in float32 or in a
/// block format in which each position's numbers fill whole blocks.
final class CachedNumbers {
  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Tensor data;
  private final Expanded expanded;
  private final int capacity;
  private final int row;
  private final long rowBytes;
  private final float[] numbers;

  /// Room for the numbers of one layer in float32, which all layers share.
  static final class Expanded {
    private final Workspace workspace;
    private final Shape shape;
    private Optional<Tensor> room = Optional.empty();

    Expanded(Workspace workspace, DType type, Shape shape) {
      this.workspace = workspace;
      this.shape = shape;
      int row = shape.dimension(2) * shape.dimension(3);
      switch (type) {
        case FLOAT32 -> {}
        case FLOAT16, Q8_0 -> {
          int block = type.format().orElseThrow().blockElements();
          if (row % block != 0) {
            throw new IllegalArgumentException(
                "cache: the "
                    + row
                    + " numbers of a position fill no whole blocks of "
                    + type
                    + ", which hold "
                    + block
                    + "; use FLOAT16");
          }
        }
        default ->
            throw new IllegalArgumentException(
                "cache: keys and values are kept in FLOAT32, FLOAT16 or Q8_0, not in " + type);
      }
    }

    /// Returns room for some positions of some sequences; anything may be in it.
    Tensor room(int sequences, int positions) {
      if (room.isEmpty()) {
        room = Optional.of(workspace.allocate(shape, DType.FLOAT32));
      }
      Shape wanted = Shape.of(sequences, positions, shape.dimension(2), shape.dimension(3));
      MemorySegment memory = room.get().data();
      return workspace.adopt(
          memory.asSlice(0, DType.FLOAT32.bytes(wanted.elements())), wanted, DType.FLOAT32);
    }
  }

  CachedNumbers(Workspace workspace, Shape shape, DType type, Expanded expanded) {
    this.expanded = expanded;
    capacity = shape.dimension(1);
    row = shape.dimension(2) * shape.dimension(3);
    rowBytes = type.bytes(row);
    boolean plain = type == DType.FLOAT32;
    numbers = new float[plain ? 0 : row];
    data = workspace.allocate(plain ? shape : Shape.of(shape.dimension(0), capacity, row), type);
  }

  /// Returns the numbers of the first sequences.
  Tensor sequences(int count) {
    return data.rows(0, count);
  }

  /// Stores (B, T, …) float32 numbers as positions from `position` on.
  void store(Tensor from, int position) {
    int sequences = from.shape().dimension(0);
    int count = from.shape().dimension(1);
    for (int b = 0; b < sequences; b++) {
      long target = ((long) b * capacity + position) * rowBytes;
      if (numbers.length == 0) {
        MemorySegment.copy(
            from.data(), b * count * rowBytes, data.data(), target, count * rowBytes);
        continue;
      }
      BlockFormat format = data.type().format().orElseThrow();
      for (int i = 0; i < count; i++) {
        long source = ((long) b * count + i) * row * Float.BYTES;
        MemorySegment.copy(from.data(), ValueLayout.JAVA_FLOAT, source, numbers, 0, row);
        encode(format, numbers, data.data(), target + i * rowBytes);
      }
    }
  }

  /// Copies the float32 numbers of one position of the first sequences, (B, numbers).
  Tensor position(Pass pass, int sequences, int position) {
    Tensor out = pass.allocate(sequences, row);
    for (int b = 0; b < sequences; b++) {
      long from = ((long) b * capacity + position) * rowBytes;
      MemorySegment.copy(data.data(), from, out.data(), b * rowBytes, rowBytes);
    }
    return out;
  }

  /// Decodes the first positions of the first sequences into float32, (B, T, KV heads, D).
  Tensor expand(Pass pass, int sequences, int positions) {
    BlockFormat format = data.type().format().orElseThrow();
    Tensor out = expanded.room(sequences, positions);
    MemorySegment target = out.data();
    MemorySegment source = data.data();
    pass.kernels()
        .parallel()
        .forRange(
            sequences * positions,
            64,
            (from, to) -> {
              float[] decoded = new float[row];
              for (int i = from; i < to; i++) {
                long at = ((long) (i / positions) * capacity + i % positions) * rowBytes;
                format.decode(source, at, decoded, 0, row);
                MemorySegment.copy(
                    decoded, 0, target, ValueLayout.JAVA_FLOAT, (long) i * row * Float.BYTES, row);
              }
            });
    return out;
  }

  /// Forgets `count` positions from `from` on, of the `length` that each sequence has: those behind
  /// move up.
  void forget(int sequences, int from, int count, int length) {
    MemorySegment memory = data.data();
    for (int b = 0; b < sequences; b++) {
      long start = ((long) b * capacity + from) * rowBytes;
      long bytes = (length - from - count) * rowBytes;
      MemorySegment.copy(memory, start + count * rowBytes, memory, start, bytes);
    }
  }

  /// Turns positions `from` to before `to` of each sequence.
  void turn(KeyTurn.Angles angles, int sequences, int from, int to, int headDim) {
    float[] keys = new float[row];
    MemorySegment memory = data.data();
    for (int b = 0; b < sequences; b++) {
      for (int position = from; position < to; position++) {
        long at = ((long) b * capacity + position) * rowBytes;
        if (numbers.length == 0) {
          MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, at, keys, 0, row);
          angles.apply(keys, headDim);
          MemorySegment.copy(keys, 0, memory, ValueLayout.JAVA_FLOAT, at, row);
        } else {
          BlockFormat format = data.type().format().orElseThrow();
          format.decode(memory, at, keys, 0, row);
          angles.apply(keys, headDim);
          encode(format, keys, memory, at);
        }
      }
    }
  }

  /// Makes sequence i what sequence `sources[i]` is.
  void select(int[] sources, int length) {
    long bytes = length * rowBytes;
    long stride = capacity * rowBytes;
    boolean inOrder = true;
    for (int i = 0; i < sources.length; i++) {
      // One after the other is enough where each source stays or comes later.
      inOrder &= sources[i] >= i || sources[sources[i]] == sources[i];
    }
    MemorySegment memory = data.data();
    if (inOrder) {
      for (int i = 0; i < sources.length; i++) {
        if (sources[i] != i) {
          MemorySegment.copy(memory, sources[i] * stride, memory, i * stride, bytes);
        }
      }
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment before = arena.allocate(Math.max(1, bytes * sources.length), 64);
      for (int i = 0; i < sources.length; i++) {
        MemorySegment.copy(memory, sources[i] * stride, before, i * bytes, bytes);
      }
      for (int i = 0; i < sources.length; i++) {
        MemorySegment.copy(before, i * bytes, memory, i * stride, bytes);
      }
    }
  }

  /// Returns the memory of the first sequence's first positions.
  MemorySegment stored(int positions) {
    return data.data().asSlice(0, positions * rowBytes);
  }

  /// Rounds to the nearest number of the format. What is too large becomes the largest: a cache
  /// must take whatever a model computes.
  private static void encode(
      BlockFormat format, float[] numbers, MemorySegment target, long offset) {
    long at = offset;
    switch (format) {
      case Float16 _ -> {
        for (float number : numbers) {
          putHalf(target, at, number);
          at += Short.BYTES;
        }
      }
      case Q8_0 _ -> {
        for (int block = 0; block < numbers.length; block += 32) {
          encodeBytes(numbers, block, target, at);
          at += format.blockBytes();
        }
      }
      default -> throw new IllegalStateException("no cache is kept in " + format);
    }
  }

  private static void encodeBytes(float[] numbers, int from, MemorySegment target, long at) {
    float largest = 0;
    for (int i = from; i < from + 32; i++) {
      largest = Math.max(largest, Math.abs(numbers[i]));
    }
    float scale = largest / 127;
    float inverse = scale == 0 ? 0 : 1 / scale;
    putHalf(target, at, scale);
    for (int i = 0; i < 32; i++) {
      target.set(ValueLayout.JAVA_BYTE, at + 2 + i, (byte) Math.round(numbers[from + i] * inverse));
    }
  }

  private static void putHalf(MemorySegment target, long at, float number) {
    float largest = 65504;
    short half = Float.floatToFloat16(Math.clamp(number, -largest, largest));
    target.set(HALF, at, half);
  }
}
