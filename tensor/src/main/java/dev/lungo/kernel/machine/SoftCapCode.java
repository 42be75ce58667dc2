package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VADDPS;
import static dev.lungo.kernel.machine.Instruction.VDIVPS;
import static dev.lungo.kernel.machine.Instruction.VMINPS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;

/// Writes what bounds scores of base 2 smoothly: c · tanh(x / c), where c is
/// [dev.lungo.kernel.AttentionShape#softCap] in that base (Gemma 2, arXiv:2408.00118).
///
/// That is c - 2c / (1 + 2^y), with y = 2x / cap. Its error is next to that of c itself, which for
/// scores near 0 is more than theirs, and for weights no more than that of the largest scores.
final class SoftCapCode {
  /// From here on 1 + 2^y is 2^y, far from where [PowerOfTwo] ends.
  private static final float LARGEST = 64;

  private final Assembler a;
  private final float cap;
  private final float bound;
  private final int constants;

  private final int spare;
  private final int largest;
  private final int twice;

  /// @param free the first of four registers that are overwritten
  /// @param constants what [PowerOfTwo#prepare] filled
  SoftCapCode(Assembler a, float cap, int free, int constants) {
    this.a = a;
    this.cap = cap;
    this.bound = (float) (cap / Math.log(2));
    this.constants = constants;
    this.spare = free;
    this.largest = free + 2;
    this.twice = free + 3;
  }

  /// Fills registers that [#bound] reads.
  void prepare() {
    a.vector(VMOVDQU32, largest, a.constant(LARGEST));
    a.vector(VMOVDQU32, twice, a.constant(-2 * bound));
  }

  /// Bounds scores.
  void bound(int x) {
    a.vector(VMULPS, x, x, a.constant(2 / cap));
    // Where x is no number, the last operand is taken.
    a.vector(VMINPS, x, largest, x);
    PowerOfTwo.write(a, x, constants, spare);
    a.vector(VADDPS, x, x, a.constant(1));
    a.vector(VDIVPS, x, twice, x);
    a.vector(VADDPS, x, x, a.constant(bound));
  }

  /// Leaves how fast bounded scores grow with what was bounded: 1 - tanh².
  ///
  /// @param x bounded scores; another register is overwritten
  void growth(int x, int growth, int one) {
    a.vector(VMOVDQU32, one, a.constant(1));
    a.vector(VMULPS, growth, x, a.constant(1 / bound));
    a.vector(VMULPS, growth, growth, growth);
    a.vector(VSUBPS, growth, one, growth);
  }
}
