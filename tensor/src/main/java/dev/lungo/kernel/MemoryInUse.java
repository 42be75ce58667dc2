package dev.lungo.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.locks.StampedLock;

/// Keeps memory from being given back while a kernel reads it by its address, which no segment
/// watches: [#close] waits for such kernels, in whatever thread they are.
///
/// Between [#begin] and [#end] nothing may be closed by the same thread.
public final class MemoryInUse {
  private static final StampedLock LOCK = new StampedLock();

  private MemoryInUse() {}

  /// Says that memory is about to be read by its address.
  ///
  /// @return what [#end] wants to know
  public static long begin() {
    return LOCK.readLock();
  }

  /// Returns the address of memory, good until [#end].
  ///
  /// @throws IllegalStateException if it has been given back
  public static long address(MemorySegment memory) {
    if (!memory.scope().isAlive()) {
      throw new IllegalStateException(
          "this memory has been given back: its model or workspace is closed; open it again");
    }
    return memory.address();
  }

  /// Returns the address of `bytes` bytes from `offset` on, good until [#end].
  ///
  /// @throws IndexOutOfBoundsException if the memory does not have them
  /// @throws IllegalArgumentException if the memory is not native
  /// @throws IllegalStateException if it has been given back
  public static long address(MemorySegment memory, long offset, long bytes) {
    Objects.checkFromIndexSize(offset, bytes, memory.byteSize());
    if (!memory.isNative()) {
      throw new IllegalArgumentException("kernels work on native memory, but this is an array");
    }
    return address(memory) + offset;
  }

  public static void end(long stamp) {
    LOCK.unlockRead(stamp);
  }

  /// Gives back what an arena has, once nobody reads it by its address any more.
  public static void close(Arena arena) {
    long stamp = LOCK.writeLock();
    try {
      arena.close();
    } finally {
      LOCK.unlockWrite(stamp);
    }
  }
}
