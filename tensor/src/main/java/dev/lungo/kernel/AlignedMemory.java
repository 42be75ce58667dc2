package dev.lungo.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory that grows and begins where a cache line does: a vector in two lines takes two loads. The
/// garbage collector takes it back.
public final class AlignedMemory {
  private static final int LINE = 64;

  private MemorySegment memory = MemorySegment.NULL;

  /// Returns at least so many bytes. Their contents are undefined.
  public MemorySegment atLeast(long bytes) {
    if (memory.byteSize() < bytes) {
      memory = Arena.ofAuto().allocate(bytes, LINE);
    }
    return memory;
  }
}
