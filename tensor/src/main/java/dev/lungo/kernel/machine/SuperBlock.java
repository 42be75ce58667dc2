package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Instruction.VBROADCASTI64X4;
import static dev.lungo.kernel.machine.Instruction.VCVTDQ2PS;
import static dev.lungo.kernel.machine.Instruction.VCVTPH2PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMULPS;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VPBROADCASTW;
import static dev.lungo.kernel.machine.Instruction.VPERMPS;
import static dev.lungo.kernel.machine.Instruction.VPMOVSXBD;
import static dev.lungo.kernel.machine.Instruction.VPMOVZXBD;
import static dev.lungo.kernel.machine.Instruction.VPSHUFD;
import static dev.lungo.kernel.machine.Instruction.VPSLLVD;
import static dev.lungo.kernel.machine.Instruction.VPSRLVD;
import static dev.lungo.kernel.machine.Instruction.VPTERNLOGD;
import static dev.lungo.kernel.machine.Instruction.VSHUFI32X4;

/// How blocks of 256 weights with scales of their parts become bytes ([RowFormat]).
enum SuperBlock implements RowFormat {
  /// [dev.lungo.quant.Q4_K].
  Q4(144, 0) {
    private static final int UPPER_BITS_BY = MORE;
    private static final int UPPER_BITS = MORE + 1;
    private static final int LOWER_BITS_BY = MORE + 2;
    private static final int LOWER_BITS = MORE + 3;
    private static final int UPPER_HALF_BY_4 = MORE + 4;
    private static final int MINIMA = MORE + 5;

    @Override
    public void prepare(Assembler a, Register constants) {
      prepareLanes(a, constants, Constants.LANE_PAIRS);
      a.vector(VMOVDQU32, UPPER_BITS_BY, Address.at(constants, Constants.UPPER_BITS_BY));
      a.vector(VMOVDQU32, UPPER_BITS, Address.at(constants, Constants.UPPER_BITS));
      a.vector(VMOVDQU32, LOWER_BITS_BY, Address.at(constants, Constants.LOWER_BITS_BY));
      a.vector(VMOVDQU32, LOWER_BITS, Address.at(constants, Constants.LOWER_BITS));
      a.vector(VMOVDQU32, UPPER_HALF_BY_4, Address.at(constants, Constants.UPPER_HALF_BY_4));
      a.loadMask(UPPER_LANES, Address.at(constants, Constants.UPPER_LANES), false);
    }

    /// Of twelve bytes ([dev.lungo.quant.SubBlockScales]) each four become four scales or minima,
    /// with bits from another four: eight scales, then eight minima.
    @Override
    public void begin(Assembler a, Address step) {
      a.ymm(VMOVDQU32, MINIMA, step.plus(4));
      a.vectorBy(VPSHUFD, SCALES, 0, MINIMA, 0b01_01_00_00);
      a.vectorBy(VPSHUFD, MINIMA, 0, MINIMA, 0b10_10_10_10);
      a.vector(VPSRLVD, SCALES, SCALES, UPPER_BITS_BY);
      a.vector(VPANDD, SCALES, SCALES, UPPER_BITS);
      a.vector(VPSRLVD, MINIMA, MINIMA, LOWER_BITS_BY);
      a.vectorBy(VPTERNLOGD, SCALES, MINIMA, LOWER_BITS, FIRST_OR_BOTH_OTHERS);
      a.vector(VPMOVZXBD, SCALES, SCALES);
      a.vector(VCVTDQ2PS, SCALES, SCALES);
      RowFormat.halves(a, MINIMA, step, step.plus(2));
      a.vector(VMULPS, SCALES, SCALES, MINIMA);
      a.vectorBy(VSHUFI32X4, MINIMA, SCALES, SCALES, 0b01_00_11_10);
    }

    @Override
    public void pair(Assembler a, Address step, int pair, int weights, int scales) {
      a.vector(VBROADCASTI64X4, weights, step.plus(16 + 32 * pair));
      a.vector(VPSRLVD, weights, weights, UPPER_HALF_BY_4);
      a.vector(VPANDD, weights, weights, LOWER_HALVES);
      a.vector(VPERMPS, scales, LANES + pair, SCALES);
    }

    @Override
    public void minima(Assembler a, int pair, int minima) {
      a.vector(VPERMPS, minima, LANES + pair, MINIMA);
    }
  },

  /// [dev.lungo.quant.Q6_K].
  Q6(210, 32) {
    private static final int ALL_BY_4 = MORE;
    private static final int HALVES_BY_4_AND_2 = MORE + 1;
    private static final int UPPER_HALF_BY_2 = MORE + 2;
    private static final int UPPER_BITS = MORE + 3;
    private static final int HIGH = MORE + 4;

    @Override
    public void prepare(Assembler a, Register constants) {
      prepareLanes(a, constants, Constants.LANE_FOURS);
      a.vector(VMOVDQU32, ALL_BY_4, Address.at(constants, Constants.ALL_BY_4));
      a.vector(VMOVDQU32, HALVES_BY_4_AND_2, Address.at(constants, Constants.HALVES_BY_4_AND_2));
      a.vector(VMOVDQU32, UPPER_HALF_BY_2, Address.at(constants, Constants.UPPER_HALF_BY_2));
      a.vector(VMOVDQU32, UPPER_BITS, Address.at(constants, Constants.FIFTH_AND_SIXTH_BITS));
    }

    @Override
    public void begin(Assembler a, Address step) {
      a.vector(VPMOVSXBD, SCALES, step.plus(192));
      a.vector(VCVTDQ2PS, SCALES, SCALES);
      a.ymm(VPBROADCASTW, HIGH, step.plus(208));
      a.vector(VCVTPH2PS, HIGH, HIGH);
      a.vector(VMULPS, SCALES, SCALES, HIGH);
    }

    /// 64 bytes have the lower four bits of 128 weights, 32 others their upper two.
    @Override
    public void pair(Assembler a, Address step, int pair, int weights, int scales) {
      a.vector(VMOVDQU32, weights, step.plus(64 * (pair / 2)));
      a.vector(VBROADCASTI64X4, HIGH, step.plus(128 + 32 * (pair / 2)));
      if (pair % 2 == 0) {
        a.vector(VPSLLVD, HIGH, HIGH, HALVES_BY_4_AND_2);
      } else {
        a.vector(VPSRLVD, weights, weights, ALL_BY_4);
        a.vector(VPSRLVD, HIGH, HIGH, UPPER_HALF_BY_2);
      }
      a.vector(VPANDD, weights, weights, LOWER_HALVES);
      a.vectorBy(VPTERNLOGD, weights, HIGH, UPPER_BITS, FIRST_OR_BOTH_OTHERS);
      a.vector(VPERMPS, scales, LANES + pair, SCALES);
    }
  };

  /// Vector registers: four with the lanes of [#SCALES] that four pairs want.
  private static final int LANES = CONSTANTS;

  private static final int LOWER_HALVES = CONSTANTS + 4;
  private static final int SCALES = CONSTANTS + 5;
  private static final int MORE = CONSTANTS + 6;

  /// For [Instruction#VPTERNLOGD].
  private static final int FIRST_OR_BOTH_OTHERS = 0b1111_1000;

  private final int bytes;
  private final int offset;

  SuperBlock(int bytes, int offset) {
    this.bytes = bytes;
    this.offset = offset;
  }

  @Override
  public int pairs() {
    return 4;
  }

  @Override
  public int stepBytes() {
    return bytes;
  }

  @Override
  public int offset() {
    return offset;
  }

  @Override
  public boolean hasMinima() {
    return offset == 0;
  }

  private static void prepareLanes(Assembler a, Register constants, int lanes) {
    for (int pair = 0; pair < 4; pair++) {
      a.vector(VMOVDQU32, LANES + pair, Address.at(constants, lanes + 64 * pair));
    }
    a.vector(VMOVDQU32, LOWER_HALVES, Address.at(constants, Constants.LOWER_HALVES));
  }
}
