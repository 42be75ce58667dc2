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
  void codeGrowsBeyondItsFirstRoom() {
    Assembler a = new Assembler();
    for (int i = 0; i < 10_000; i++) {
      a.move(RAX, RSI);
    }
    assertThat(a.code()).hasSize(30_000).endsWith(0x48, 0x89, 0xf0);
  }
}
