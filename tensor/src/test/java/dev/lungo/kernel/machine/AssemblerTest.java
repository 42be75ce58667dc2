package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Register.R10;
import static dev.lungo.kernel.machine.Register.R11;
import static dev.lungo.kernel.machine.Register.R8;
import static dev.lungo.kernel.machine.Register.R9;
import static dev.lungo.kernel.machine.Register.RAX;
import static dev.lungo.kernel.machine.Register.RCX;
import static dev.lungo.kernel.machine.Register.RDI;
import static dev.lungo.kernel.machine.Register.RDX;
import static dev.lungo.kernel.machine.Register.RSI;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.kernel.machine.Assembler.Label;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Instructions as GNU's assembler writes them.
class AssemblerTest {
  private static final int FAR = 0x12345678;

  static Stream<Arguments> vectors() {
    return Stream.of(
        is("62e17e486f8878563412", a -> a.vector(Instruction.VMOVDQU32, 17, at(RAX, FAR))),
        is("62417e487fba78563412", a -> a.vector(Instruction.VMOVDQU32_STORE, 31, at(R10, FAR))),
        is(
            "62227d4858b48e78563412",
            a -> a.vector(Instruction.VPBROADCASTD, 30, at(RSI, R9, 4, FAR))),
        is(
            "6222fd4859b48e78563412",
            a -> a.vector(Instruction.VPBROADCASTQ, 30, at(RSI, R9, 4, FAR))),
        is("62316448c6c488", a -> a.vectorBy(Instruction.VSHUFPS, 8, 3, 20, 0x88)),
        is("62927d2879ac4378563412", a -> a.ymm(Instruction.VPBROADCASTW, 5, at(R11, R8, 2, FAR))),
        is("62123d4050da", a -> a.vector(Instruction.VPDPBUSD, 11, 24, 26)),
        is("62725d40508278563412", a -> a.vector(Instruction.VPDPBUSD, 8, 20, at(RDX, FAR))),
        is(
            "62613c50599e78563412",
            a -> a.vector(Instruction.VMULPS, 27, 24, at(RSI, FAR).toAllLanes())),
        is("62127d48b8e2", a -> a.vector(Instruction.VFMADD231PS, 12, 0, 26)),
        is(
            "62b2fd4a5bbc0178563412",
            a -> a.zmmMasked(Instruction.VBROADCASTI64X4, 2, 7, at(RCX, R8, 1, FAR))),
        is("62a16d43fcd4", a -> a.zmmMasked(Instruction.VPADDB, 3, 18, 18, 20)),
        is("62f27e48218a78563412", a -> a.vector(Instruction.VPMOVSDB_STORE, 1, at(RDX, FAR))),
        is("6273654843c488", a -> a.vectorBy(Instruction.VSHUFI32X4, 8, 3, 4, 0x88)),
        is("62b17d4870d84e", a -> a.vectorBy(Instruction.VPSHUFD, 3, 0, 16, 0x4e)),
        is("62a34d4025eff8", a -> a.vectorBy(Instruction.VPTERNLOGD, 21, 22, 23, 0xf8)),
        is("62d195486dee", a -> a.vector(Instruction.VPUNPCKHQDQ, 5, 13, 14)),
        is("6282554016d9", a -> a.vector(Instruction.VPERMPS, 19, 21, 25)),
        is("62a27d4813ed", a -> a.vector(Instruction.VCVTPH2PS, 21, 21)),
        is("62f17d485bc8", a -> a.vector(Instruction.VCVTPS2DQ, 1, 0)));
  }

  static Stream<Arguments> shortVectors() {
    return Stream.of(
        is("c4417e6f8a78563412", a -> a.vector(Instruction.VMOVDQU32, 9, at(R10, FAR))),
        is(
            "c4017e7fbc4378563412",
            a -> a.vector(Instruction.VMOVDQU32_STORE, 15, at(R11, R8, 2, FAR))),
        is(
            "c4227d58b48e78563412",
            a -> a.vector(Instruction.VPBROADCASTD, 14, at(RSI, R9, 4, FAR))),
        is(
            "c4227d59b48e78563412",
            a -> a.vector(Instruction.VPBROADCASTQ, 14, at(RSI, R9, 4, FAR))),
        is("c44164c6c488", a -> a.vectorBy(Instruction.VSHUFPS, 8, 3, 12, 0x88)),
        is("c4427db8e2", a -> a.vector(Instruction.VFMADD231PS, 12, 0, 10)),
        is("c4e235a89a78563412", a -> a.vector(Instruction.VFMADD213PS, 3, 9, at(RDX, FAR))),
        is("c4c37d08d900", a -> a.vectorBy(Instruction.VRNDSCALEPS, 3, 0, 9, 0)),
        is("c4c16cc2cb05", a -> a.vectorBy(Instruction.VCMPPS, 1, 2, 11, 5)),
        is("c4c3754accd0", a -> a.vectorBy(Instruction.VBLENDVPS, 1, 1, 12, 13 << 4)),
        is("c4636506c431", a -> a.vectorBy(Instruction.VPERM2F128, 8, 3, 4, 0x31)),
        is("c4427d17ed", a -> a.testVector(13)),
        is("c4e25d47dd", a -> a.vector(Instruction.VPSLLVD, 3, 4, 5)),
        is("c4c16debcd", a -> a.vector(Instruction.VPOR, 1, 2, 13)),
        is("c4c16576dc", a -> a.vector(Instruction.VPCMPEQD, 3, 3, 12)),
        is("c4c1156dee", a -> a.vector(Instruction.VPUNPCKHQDQ, 5, 13, 14)),
        is("c44135efc9", a -> a.vector(Instruction.VPXORD, 9, 9, 9)),
        is("c4c175dbcc", a -> a.vector(Instruction.VPANDD, 1, 1, 12)),
        is("c4c155fee1", a -> a.vector(Instruction.VPADDD, 4, 5, 9)),
        is("c4c17d5bd2", a -> a.vector(Instruction.VCVTPS2DQ, 2, 10)),
        is("c4c15c5fa178563412", a -> a.vector(Instruction.VMAXPS, 4, 4, at(R9, FAR))));
  }

  static Stream<Arguments> others() {
    return Stream.of(
        is("c4a1f9909c0878563412", a -> a.loadMask(3, at(RAX, R9, 1, FAR), false)),
        is("c4e1dc4beb", a -> a.joinMasks(5, 4, 3)),
        is("4c8b9f78563412", a -> a.load(R11, at(RDI, FAR))),
        is("4889b778563412", a -> a.store(at(RDI, FAR), RSI)),
        is("4f8d8c4078563412", a -> a.lea(R9, at(R8, R8, 2, FAR))),
        is("4889f0", a -> a.move(RAX, RSI)),
        is("4d01c2", a -> a.add(R10, R8)),
        is("4981c178563412", a -> a.add(R9, FAR)),
        is("4881e978563412", a -> a.subtract(RCX, FAR)),
        is("4981f978563412", a -> a.compare(R9, FAR)),
        is("400f188878563412", a -> a.prefetch(at(RAX, FAR))),
        is("c5f877c3", Assembler::returnToCaller));
  }

  private static Arguments is(String bytes, Consumer<Assembler> write) {
    return Arguments.of(bytes, write);
  }

  @ParameterizedTest
  @MethodSource({"vectors", "others"})
  void instructionsAreThoseOfOtherAssemblers(String bytes, Consumer<Assembler> write) {
    Assembler a = new Assembler();
    write.accept(a);
    assertThat(HexFormat.of().formatHex(a.code())).isEqualTo(bytes);
  }

  @ParameterizedTest
  @MethodSource({"shortVectors", "others"})
  void instructionsOfAvx2AreThoseOfOtherAssemblers(String bytes, Consumer<Assembler> write) {
    Assembler a = new Assembler(VectorUnit.AVX2);
    write.accept(a);
    assertThat(HexFormat.of().formatHex(a.code())).isEqualTo(bytes);
  }

  @Test
  void constantsFollowTheCodeOnceEach() {
    Assembler a = new Assembler(VectorUnit.AVX2);
    a.vector(Instruction.VFMADD213PS, 1, 2, a.constant(1));
    a.vector(Instruction.VFMADD213PS, 1, 2, a.constant(2));
    a.vector(Instruction.VFMADD213PS, 1, 2, a.constant(1));
    // From the end of each instruction of nine bytes: to 32, to 64, to 32.
    assertThat(HexFormat.of().formatHex(a.code()))
        .isEqualTo(
            "c4e26da80d17000000"
                + "c4e26da80d2e000000"
                + "c4e26da80d05000000"
                + "00".repeat(5)
                + "0000803f".repeat(8)
                + "00000040".repeat(8));
  }

  @Test
  void aConstantIsNoOperandBesideAnImmediate() {
    Assembler a = new Assembler(VectorUnit.AVX2);
    Address one = a.constant(1);
    assertThatThrownBy(() -> a.vectorBy(Instruction.VCMPPS, 1, 2, one, 5))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void jumpsLeadBackAndAhead() {
    Assembler a = new Assembler();
    Label start = new Label();
    Label end = new Label();
    a.label(start);
    a.jumpIfZero(end);
    a.jumpIfPositive(start);
    a.jumpIfLess(end);
    a.jump(start);
    a.label(end);
    assertThat(HexFormat.of().formatHex(a.code()))
        .isEqualTo("0f8411000000" + "0f8ff4ffffff" + "0f8c05000000" + "e9e9ffffff");
  }

  @Test
  void alignedCodeBeginsALine() {
    Assembler a = new Assembler();
    a.align();
    assertThat(a.code()).isEmpty();
    a.move(RAX, RSI);
    a.align();
    String longest = "66666666666666" + "90";
    assertThat(HexFormat.of().formatHex(a.code()))
        .isEqualTo("4889f0" + longest.repeat(7) + "6666666690");
  }

  @Test
  void codeGrowsBeyondItsFirstRoom() {
    Assembler a = new Assembler();
    for (int i = 0; i < 10_000; i++) {
      a.move(RAX, RSI);
    }
    assertThat(a.code()).hasSize(30_000).endsWith(0x48, 0x89, 0xf0);
  }
}
