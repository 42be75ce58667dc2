package dev.lungo.kernel.machine;

import dev.lungo.kernel.KernelChoice;

/// The kernels that the tests here run: those in machine code, or the vector ones on processors
/// without them, which owe the same.
final class MachineOrVector {
  static final boolean IS_MACHINE = KernelChoice.obstacle("machine").isEmpty();

  static final String NAME = IS_MACHINE ? "machine" : "vector";

  private MachineOrVector() {}
}
