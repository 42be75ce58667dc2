package dev.lungo.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The numbers that a machine function reads, by their places. Belongs to one thread.
final class Arguments {
  private static final int MOST = 24;

  private final MemorySegment memory =
      Arena.ofAuto().allocate((long) MOST * Long.BYTES, Long.BYTES);

  Arguments set(int place, long value) {
    memory.setAtIndex(ValueLayout.JAVA_LONG, place, value);
    return this;
  }

  /// Calls a function, which may change what was set.
  void call(MachineFunction function) {
    function.call(memory.address());
  }
}
