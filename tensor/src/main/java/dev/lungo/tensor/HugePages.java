package dev.lungo.tensor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Takes large memory from Linux on pages of 2 MB instead of 4 KB.
///
/// A matrix of 1024 × 1024 floats lies on 1024 small pages, more than a processor core remembers
/// the places of: it then looks them up again and again. Elsewhere, where native access is not
/// allowed, or where the system has no huge pages left, memory comes on small pages.
@SuppressWarnings("restricted") // The launcher allows native access; elsewhere it is asked for.
final class HugePages {
  private static final long PAGE = 2L << 20;

  // Of Linux' <sys/mman.h>.
  private static final int READ_AND_WRITE = 3;
  private static final int PRIVATE_AND_ANONYMOUS = 0x22;
  private static final int ADVISE_HUGE_PAGE = 14;

  private HugePages() {}

  /// Allocates memory of zeros that lives as long as `arena`.
  static MemorySegment allocate(Arena arena, long bytes, long alignment) {
    if (bytes < PAGE || !Calls.AVAILABLE) {
      return arena.allocate(bytes, alignment);
    }
    try {
      // A page more than asked for, because huge pages begin at their multiples.
      long length = (bytes + PAGE - 1) / PAGE * PAGE + PAGE;
      MemorySegment mapped =
          (MemorySegment)
              Calls.MMAP.invokeExact(
                  MemorySegment.NULL, length, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, -1, 0L);
      if (mapped.address() == -1) {
        return arena.allocate(bytes, alignment);
      }
      MemorySegment memory = mapped.reinterpret(length, arena, HugePages::unmap);
      // A refusal leaves small pages, which hold as much.
      int _ = (int) Calls.MADVISE.invokeExact(memory, length, ADVISE_HUGE_PAGE);
      return memory.asSlice(PAGE - mapped.address() % PAGE, bytes, alignment);
    } catch (Throwable thrown) {
      throw new IllegalStateException("cannot map " + bytes + " bytes of memory", thrown);
    }
  }

  private static void unmap(MemorySegment memory) {
    try {
      if ((int) Calls.MUNMAP.invokeExact(memory, memory.byteSize()) != 0) {
        throw new IllegalStateException("cannot give memory back: " + memory);
      }
    } catch (Throwable thrown) {
      throw new IllegalStateException("cannot give memory back: " + memory, thrown);
    }
  }

  /// The calls of the C library, looked up when the first large memory is allocated.
  private static final class Calls {
    static final boolean AVAILABLE =
        System.getProperty("os.name").equals("Linux")
            && HugePages.class.getModule().isNativeAccessEnabled();

    private static final MemoryLayout SIZE = JAVA_LONG;
    static final MethodHandle MMAP =
        call("mmap", ADDRESS, ADDRESS, SIZE, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    static final MethodHandle MADVISE = call("madvise", JAVA_INT, ADDRESS, SIZE, JAVA_INT);
    static final MethodHandle MUNMAP = call("munmap", JAVA_INT, ADDRESS, SIZE);

    private static MethodHandle call(String name, MemoryLayout result, MemoryLayout... arguments) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }
  }
}
