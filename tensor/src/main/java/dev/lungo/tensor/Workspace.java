package dev.lungo.tensor;

import dev.lungo.kernel.MemoryInUse;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Memory for tensors that live equally long: parameters, or the activations of one step.
///
/// Memory is handed out front to back from a few large blocks and taken back all at once by
/// [#reset], which invalidates every tensor handed out before: using one of those throws. Not for
/// several threads at once.
public final class Workspace implements AutoCloseable {
  /// Alignment of every tensor: a cache line, and the widest vector.
  private static final long ALIGNMENT = 64;

  private static final long SMALLEST_BLOCK = 1 << 20;
  private static final long LARGEST_STEP = 256L << 20;

  private final String name;
  private final Arena arena = Arena.ofShared();
  private final List<MemorySegment> blocks = new ArrayList<>();
  private int block;
  private long offset;
  private long usedBefore;
  private long peak;
  private int generation;

  /// Creates an empty workspace, which grows as it is used.
  ///
  /// @param name what it holds, for messages
  public Workspace(String name) {
    this.name = name;
  }

  /// Allocates a float32 tensor. Its contents are undefined.
  public Tensor allocate(int... dimensions) {
    return allocate(Shape.of(dimensions), DType.FLOAT32);
  }

  /// Allocates a tensor. Its contents are undefined.
  public Tensor allocate(Shape shape, DType type) {
    return new Tensor(this, generation, shape, type, take(type.bytes(shape.elements())));
  }

  /// Allocates a float32 tensor of zeros.
  public Tensor zeros(Shape shape) {
    Tensor tensor = allocate(shape, DType.FLOAT32);
    tensor.data().fill((byte) 0);
    return tensor;
  }

  /// Makes a tensor of memory that belongs to somebody else, such as a mapped file.
  ///
  /// @throws IllegalArgumentException if the memory is not as large as such a tensor
  public Tensor adopt(MemorySegment memory, Shape shape, DType type) {
    long bytes = type.bytes(shape.elements());
    if (memory.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "a tensor "
              + shape
              + " of "
              + type
              + " takes "
              + bytes
              + " bytes, but the memory has "
              + memory.byteSize());
    }
    return new Tensor(this, generation, shape, type, memory);
  }

  private MemorySegment take(long bytes) {
    long aligned = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    while (block < blocks.size() && blocks.get(block).byteSize() - offset < aligned) {
      usedBefore += offset;
      block++;
      offset = 0;
    }
    if (block == blocks.size()) {
      blocks.add(HugePages.allocate(arena, Math.max(aligned, nextBlockSize()), ALIGNMENT));
    }
    MemorySegment segment = blocks.get(block).asSlice(offset, bytes, ALIGNMENT);
    offset += aligned;
    peak = Math.max(peak, usedBefore + offset);
    return segment;
  }

  /// Grows by a quarter of what there is, so that little is allocated in vain.
  private long nextBlockSize() {
    return Math.clamp(reservedBytes() / 4, SMALLEST_BLOCK, LARGEST_STEP);
  }

  /// Takes all memory back. Tensors handed out before are invalid from here on.
  public void reset() {
    block = 0;
    offset = 0;
    usedBefore = 0;
    generation++;
  }

  int generation() {
    return generation;
  }

  String name() {
    return name;
  }

  /// Returns the bytes in use now.
  public long usedBytes() {
    return usedBefore + offset;
  }

  /// Returns the most bytes that were in use at any time.
  public long peakBytes() {
    return peak;
  }

  /// Returns the bytes taken from the operating system.
  public long reservedBytes() {
    long sum = 0;
    for (MemorySegment segment : blocks) {
      sum += segment.byteSize();
    }
    return sum;
  }

  /// Gives the memory back to the operating system; every tensor in it becomes invalid.
  @Override
  public void close() {
    generation++;
    MemoryInUse.close(arena);
  }
}
