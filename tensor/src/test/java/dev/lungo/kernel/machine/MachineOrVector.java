package dev.lungo.kernel.machine;

import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import java.util.List;
import java.util.stream.Stream;

/// The kernels that the tests here run: those in machine code, or the vector ones on processors
/// without them, which owe the same.
final class MachineOrVector {
  private static final boolean IS_MACHINE = KernelChoice.obstacle("machine").isEmpty();

  static final String NAME = IS_MACHINE ? "machine" : "vector";

  private MachineOrVector() {}

  /// Whether products of stored weights are those in machine code.
  static boolean multipliesBytes() {
    return IS_MACHINE && Processor.unit() == VectorUnit.AVX512;
  }

  /// Names attention's kernels: one for each kind of vectors that this processor has.
  static List<String> attentions() {
    if (!IS_MACHINE) {
      return List.of(NAME);
    }
    return Stream.of(VectorUnit.values())
        .filter(unit -> unit.lanes() <= Processor.unit().lanes())
        .map(VectorUnit::name)
        .toList();
  }

  /// Opens the kernels from which [#attention] takes those of a name.
  static Kernels open(String name, int threads) {
    boolean isUnit = attentions().contains(name) && IS_MACHINE;
    return KernelChoice.open(isUnit ? "vector" : name, threads);
  }

  static AttentionKernels attention(Kernels kernels, String name) {
    boolean isUnit = attentions().contains(name) && IS_MACHINE;
    return isUnit
        ? new MachineAttention(kernels.parallel(), kernels.attention(), VectorUnit.valueOf(name))
        : kernels.attention();
  }
}
