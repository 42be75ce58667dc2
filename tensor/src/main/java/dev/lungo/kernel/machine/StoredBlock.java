package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VBROADCASTI32X4;
import static dev.lungo.kernel.machine.Instruction.VBROADCASTI64X4;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VPADDB;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VPSRLVD;
import static dev.lungo.kernel.machine.Instruction.VPXORD;

import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q5_0;
import dev.lungo.quant.Q8_0;
import java.util.Optional;

/// How blocks of 32 weights with one scale become bytes without a sign.
///
/// A weight is scale · (byte - [#offset]), since [Instruction#VPDPBUSD] wants one of its operands
/// without signs; what the offset adds to a product is taken off again where the numbers of x are
/// known.
enum StoredBlock implements RowFormat {
  Q8(34, 128) {
    @Override
    void unpack(Assembler a, int to, Address first, Address second) {
      // A load for each half, since blocks do not follow each other.
      a.vector(VBROADCASTI64X4, to, first.plus(2));
      a.zmmMasked(VBROADCASTI64X4, UPPER_QUADS, to, second.plus(2));
      a.vector(VPXORD, to, to, OFFSETS);
    }
  },
  Q4(18, 8) {
    @Override
    void unpack(Assembler a, int to, Address first, Address second) {
      halves(a, to, first.plus(2), second.plus(2));
    }
  },
  Q5(22, 16) {
    @Override
    void unpack(Assembler a, int to, Address first, Address second) {
      halves(a, to, first.plus(6), second.plus(6));
      a.loadMask(FIFTH_BITS, first.plus(2), false);
      a.loadMask(MORE_BITS, second.plus(2), false);
      a.joinMasks(FIFTH_BITS, MORE_BITS, FIFTH_BITS);
      a.zmmMasked(VPADDB, FIFTH_BITS, to, to, OFFSETS);
    }
  };

  /// Vector registers with constants.
  private static final int OFFSETS = CONSTANTS;

  private static final int LOWER_HALVES = CONSTANTS + 1;
  private static final int SHIFTS = CONSTANTS + 2;

  /// Mask registers: the second block's lanes of 64 bits, and its bits.
  private static final int UPPER_QUADS = 2;

  private static final int FIFTH_BITS = 3;
  private static final int MORE_BITS = 4;

  private final int bytes;
  private final int offset;

  StoredBlock(int bytes, int offset) {
    this.bytes = bytes;
    this.offset = offset;
  }

  static Optional<StoredBlock> of(BlockFormat format) {
    return switch (format) {
      case Q8_0 _ -> Optional.of(Q8);
      case Q4_0 _ -> Optional.of(Q4);
      case Q5_0 _ -> Optional.of(Q5);
      default -> Optional.empty();
    };
  }

  /// Returns the bytes of a block.
  int bytes() {
    return bytes;
  }

  @Override
  public int pairs() {
    return 1;
  }

  @Override
  public int stepBytes() {
    return 2 * bytes;
  }

  @Override
  public int offset() {
    return offset;
  }

  @Override
  public boolean hasMinima() {
    return false;
  }

  @Override
  public void prepare(Assembler a, Register constants) {
    int offsets = this == Q8 ? Constants.BYTES_OF_128 : Constants.BYTES_OF_16;
    a.vector(VMOVDQU32, OFFSETS, Address.at(constants, offsets));
    a.vector(VMOVDQU32, LOWER_HALVES, Address.at(constants, Constants.LOWER_HALVES));
    a.vector(VMOVDQU32, SHIFTS, Address.at(constants, Constants.SECOND_QUARTERS_BY_4));
    a.loadMask(UPPER_LANES, Address.at(constants, Constants.UPPER_LANES), false);
    a.loadMask(UPPER_QUADS, Address.at(constants, Constants.UPPER_QUADS), false);
  }

  @Override
  public void begin(Assembler a, Address step) {
    // Two blocks have nothing in common.
  }

  @Override
  public void pair(Assembler a, Address step, int pair, int weights, int scales) {
    pair(a, step, step.plus(bytes), weights, scales);
  }

  /// Writes what unpacks two blocks and their scales.
  void pair(Assembler a, Address first, Address second, int weights, int scales) {
    unpack(a, weights, first, second);
    RowFormat.halves(a, scales, first, second);
  }

  /// Writes what makes 64 bytes of two blocks.
  abstract void unpack(Assembler a, int to, Address first, Address second);

  /// The lower halves of 16 bytes, and after them the upper ones, of two blocks.
  private static void halves(Assembler a, int to, Address first, Address second) {
    a.vector(VBROADCASTI32X4, to, first);
    a.zmmMasked(VBROADCASTI32X4, UPPER_LANES, to, second);
    a.vector(VPSRLVD, to, to, SHIFTS);
    a.vector(VPANDD, to, to, LOWER_HALVES);
  }
}
