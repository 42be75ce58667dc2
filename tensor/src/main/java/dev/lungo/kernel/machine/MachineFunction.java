package dev.lungo.kernel.machine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Machine code in memory, ready to run. It lives as long as the program.
@SuppressWarnings("restricted") // The launcher allows native access; elsewhere it is asked for.
final class MachineFunction {
  // Of Linux' <sys/mman.h>.
  private static final int READ_AND_WRITE = 3;
  private static final int READ_AND_EXECUTE = 5;
  private static final int PRIVATE_AND_ANONYMOUS = 0x22;

  private static final MethodHandle MMAP =
      system("mmap", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MPROTECT =
      system("mprotect", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle CALL =
      Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG));

  private final MemorySegment code;

  private MachineFunction(MemorySegment code) {
    this.code = code;
  }

  /// Puts code where it can be executed, and no longer written.
  ///
  /// @throws IllegalStateException if the system does not let programs do so
  static MachineFunction of(byte[] code) {
    try {
      MemorySegment memory =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL,
                  (long) code.length,
                  READ_AND_WRITE,
                  PRIVATE_AND_ANONYMOUS,
                  -1,
                  0L);
      if (memory.address() == -1) {
        throw new IllegalStateException("the system has no memory for code");
      }
      memory = memory.reinterpret(code.length);
      MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
      if ((int) MPROTECT.invokeExact(memory, (long) code.length, READ_AND_EXECUTE) != 0) {
        throw new IllegalStateException("the system does not let programs write code");
      }
      return new MachineFunction(memory);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("cannot map memory for code", e);
    }
  }

  /// Runs the code.
  ///
  /// @param arguments the address of numbers of 64 bits that the code knows the order of
  void call(long arguments) {
    try {
      CALL.invokeExact(code, arguments);
    } catch (Throwable e) {
      throw new IllegalStateException("machine code does not throw", e);
    }
  }

  private static MethodHandle system(String name, MemoryLayout result, MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }
}
