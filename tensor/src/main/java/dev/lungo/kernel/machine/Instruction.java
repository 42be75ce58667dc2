package dev.lungo.kernel.machine;

/// The vector instructions that the kernels here are made of, each with where the processor's
/// manual lists it: the map and the number of its operation, and what tells it from others there.
///
/// Names are those of AVX-512. AVX2 knows some under another name and the same number: VMOVDQU,
/// VPXOR, VPAND and VROUNDPS.
enum Instruction {
  /// Copies 16 numbers of 32 bits.
  VMOVDQU32(1, Prefix.F3, false, 0x6f),
  /// The same, to memory.
  VMOVDQU32_STORE(1, Prefix.F3, false, 0x7f),
  /// Writes the first float to memory.
  VMOVSS_STORE(1, Prefix.F3, false, 0x11),
  /// Copies 32 bits to all lanes.
  VPBROADCASTD(2, Prefix.OF_66, false, 0x58),
  /// Repeats 64 bits.
  VPBROADCASTQ(2, Prefix.OF_66, true, 0x59),
  /// Copies 16 bits to all lanes.
  VPBROADCASTW(2, Prefix.OF_66, false, 0x79),
  /// Copies 128 bits of memory to all quarters.
  VBROADCASTI32X4(2, Prefix.OF_66, false, 0x5a),
  /// Copies 256 bits of memory to both halves.
  VBROADCASTI64X4(2, Prefix.OF_66, true, 0x5b),

  /// Adds to each sum of 32 bits the products of four unsigned bytes (the second operand) with four
  /// signed ones (the third).
  VPDPBUSD(2, Prefix.OF_66, false, 0x50),
  VPADDD(1, Prefix.OF_66, false, 0xfe),
  VPADDB(1, Prefix.OF_66, false, 0xfc),
  VPMULLD(2, Prefix.OF_66, false, 0x40),
  VPANDD(1, Prefix.OF_66, false, 0xdb),
  VPXORD(1, Prefix.OF_66, false, 0xef),
  /// Any function of three bits, as its table says, of the first operand and two others.
  VPTERNLOGD(3, Prefix.OF_66, false, 0x25),
  VPMAXUD(2, Prefix.OF_66, false, 0x3f),
  /// Shifts each number of 32 bits right by the number in the same lane.
  VPSRLVD(2, Prefix.OF_66, false, 0x45),
  /// The same to the left.
  VPSLLVD(2, Prefix.OF_66, false, 0x47),
  /// 16 bytes to numbers of 32 bits, without a sign.
  VPMOVZXBD(2, Prefix.OF_66, false, 0x31),
  /// 16 bytes to numbers of 32 bits, with their sign.
  VPMOVSXBD(2, Prefix.OF_66, false, 0x21),

  VADDPS(1, Prefix.NONE, false, 0x58),
  VSUBPS(1, Prefix.NONE, false, 0x5c),
  VMULPS(1, Prefix.NONE, false, 0x59),
  VDIVPS(1, Prefix.NONE, false, 0x5e),
  /// The larger float; the third operand where one of them is no number.
  VMAXPS(1, Prefix.NONE, false, 0x5f),
  /// The smaller float; the third operand where one of them is no number.
  VMINPS(1, Prefix.NONE, false, 0x5d),
  /// The nearest whole numbers, as floats, with an immediate of 0.
  VRNDSCALEPS(3, Prefix.OF_66, false, 0x08),
  /// Multiplies the second operand by 2 to the power of the third.
  VSCALEFPS(2, Prefix.OF_66, false, 0x2c),
  /// Adds the product of the second and the third operand to the first.
  VFMADD231PS(2, Prefix.OF_66, false, 0xb8),
  /// Multiplies the first operand by the second and adds the third.
  VFMADD213PS(2, Prefix.OF_66, false, 0xa8),
  /// Compares floats, as an immediate says, and leaves a mask.
  VCMPPS(1, Prefix.NONE, false, 0xc2),
  /// Integers of 32 bits to floats.
  VCVTDQ2PS(1, Prefix.NONE, false, 0x5b),
  /// Floats to the nearest integers of 32 bits, those halfway to even ones.
  VCVTPS2DQ(1, Prefix.OF_66, false, 0x5b),
  /// Half-precision numbers to floats.
  VCVTPH2PS(2, Prefix.OF_66, false, 0x13),
  /// Integers of 32 bits to the nearest signed bytes, to memory.
  VPMOVSDB_STORE(2, Prefix.F3, false, 0x21),

  /// Interleaves the first two numbers of each quarter of two operands.
  VPUNPCKLDQ(1, Prefix.OF_66, false, 0x62),
  /// Interleaves the last two numbers of each quarter of two operands.
  VPUNPCKHDQ(1, Prefix.OF_66, false, 0x6a),
  /// The first 64 bits of each quarter of two operands.
  VPUNPCKLQDQ(1, Prefix.OF_66, true, 0x6c),
  /// The last 64 bits of each quarter of two operands.
  VPUNPCKHQDQ(1, Prefix.OF_66, true, 0x6d),
  /// In each quarter, two numbers of one operand and two of another, by an immediate of two bits
  /// each.
  VSHUFPS(1, Prefix.NONE, false, 0xc6),
  /// Two quarters of one operand and two of another, by an immediate of two bits each.
  VSHUFI32X4(3, Prefix.OF_66, false, 0x43),
  /// The lanes of the third operand that the second one names.
  VPERMPS(2, Prefix.OF_66, false, 0x16),
  /// Four numbers of each quarter in another order, by an immediate of two bits each.
  VPSHUFD(1, Prefix.OF_66, false, 0x70),

  // AVX2 only.

  /// A half of one operand and a half of another, by an immediate of four bits each.
  VPERM2F128(3, Prefix.OF_66, false, 0x06),
  /// In lanes whose number in a fourth register is negative the third operand, in others the
  /// second; the immediate is 16 · that register.
  VBLENDVPS(3, Prefix.OF_66, false, 0x4a),
  VPOR(1, Prefix.OF_66, false, 0xeb),
  /// All bits in lanes whose numbers of 32 bits are equal.
  VPCMPEQD(1, Prefix.OF_66, false, 0x76),
  VPTEST(2, Prefix.OF_66, false, 0x17);

  /// What stands before an instruction's number and is part of it.
  private enum Prefix {
    NONE,
    OF_66,
    F3
  }

  private final int map;
  private final Prefix prefix;
  private final boolean wide;
  private final int number;

  Instruction(int map, Prefix prefix, boolean wide, int number) {
    this.map = map;
    this.prefix = prefix;
    this.wide = wide;
    this.number = number;
  }

  /// Returns the table that lists the operation: 1 for 0F, 2 for 0F38, 3 for 0F3A.
  int map() {
    return map;
  }

  int prefix() {
    return prefix.ordinal();
  }

  /// Returns 1 for instructions on lanes of 64 bits, 0 for those on smaller ones.
  int wide() {
    return wide ? 1 : 0;
  }

  int number() {
    return number;
  }
}
