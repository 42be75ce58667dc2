package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VCVTPH2PS;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTW;

import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.Q4_K;
import dev.lungo.quant.Q6_K;
import java.util.Optional;

/// How rows of stored weights become bytes without a sign, 64 at a time, since
/// [Instruction#VPDPBUSD] wants one of its operands without signs.
///
/// A weight is scale · (byte - [#offset]) - minimum; a format has an offset or minima. What an
/// offset adds to the products is taken off where the numbers of x are known.
sealed interface RowFormat permits StoredBlock, SuperBlock {
  /// The first of the vector registers that keep what [#prepare] writes.
  int CONSTANTS = 20;

  /// A mask register that [#prepare] fills: the upper 8 lanes.
  int UPPER_LANES = 1;

  static Optional<RowFormat> of(BlockFormat format) {
    return switch (format) {
      case Q4_K _ -> Optional.of(SuperBlock.Q4);
      case Q6_K _ -> Optional.of(SuperBlock.Q6);
      default -> StoredBlock.of(format).map(block -> block);
    };
  }

  /// Returns how often 64 weights are unpacked in a step.
  int pairs();

  /// Returns the bytes of a step.
  int stepBytes();

  int offset();

  boolean hasMinima();

  /// Writes what fills the registers that the other methods' code reads.
  ///
  /// @param constants holds the address of [Constants]
  void prepare(Assembler a, Register constants);

  /// Writes what a step begins with.
  void begin(Assembler a, Address step);

  /// Writes what leaves 64 weights in one register, and the scales of their groups of four in
  /// another.
  void pair(Assembler a, Address step, int pair, int weights, int scales);

  /// Writes what leaves the minima of the groups of four in a register.
  default void minima(Assembler a, int pair, int minima) {
    throw new IllegalStateException(this + " has no minima");
  }

  /// Writes what puts one half-precision number into eight lanes and another one into the others.
  static void halves(Assembler a, int to, Address first, Address second) {
    a.ymm(VPBROADCASTW, to, first);
    a.ymmMasked(VPBROADCASTW, UPPER_LANES, to, second);
    a.vector(VCVTPH2PS, to, to);
  }
}
