package dev.lungo.kernel.machine;

import static dev.lungo.kernel.machine.Address.at;
import static dev.lungo.kernel.machine.Instruction.VFMADD231PS;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32;
import static dev.lungo.kernel.machine.Instruction.VMOVDQU32_STORE;
import static dev.lungo.kernel.machine.Instruction.VPANDD;
import static dev.lungo.kernel.machine.Instruction.VSUBPS;
import static dev.lungo.kernel.machine.Register.RAX;

import java.util.Collections;

/// Writes what becomes of scores ([ScoreChange]) while a tile has them in registers. RAX changes.
final class TileScores {
  /// All bits of a float but its sign.
  private static final int MAGNITUDE = 0x7fffffff;

  /// Registers that a tile of AVX-512 overwrites after those of its sums.
  private static final int OF_OPERANDS = 6;

  private final Assembler a;
  private final ProductTile tile;
  private final ScoreChange change;
  private final Address numbers;
  private final Address biases;

  /// The first register that a tile leaves free while its sums are complete.
  private final int free;

  /// What [PowerOfTwo#prepare] fills, and tiles leave as it is.
  private final int constants;

  /// @param numbers where [PowerOfTwo#ADDRESS] is
  /// @param biases where the address of [AlibiRows] is, if the scores are biased
  TileScores(Assembler a, ProductTile tile, ScoreChange change, Address numbers, Address biases) {
    this.a = a;
    this.tile = tile;
    this.change = change;
    this.numbers = numbers;
    this.biases = biases;
    free = 2 * a.unit().tileRows();
    constants = free + OF_OPERANDS;
  }

  /// Returns where a vector is that leaves floats without their sign.
  static Address magnitude(Assembler a) {
    return a.constant(Collections.nCopies(a.unit().lanes(), MAGNITUDE));
  }

  private Address row(int row, int v) {
    return at(RAX, (row * tile.vectors() + v) * a.unit().bytes());
  }

  /// Begins a block of keys.
  void begin() {
    if (change.capped()) {
      a.load(RAX, numbers);
      PowerOfTwo.prepare(a, constants, RAX);
    }
    if (change.alibi()) {
      a.load(RAX, biases);
      for (int v = 0; v < tile.vectors(); v++) {
        a.vector(VMOVDQU32, free, row(AlibiRows.FIRST, v));
        a.vector(VMOVDQU32_STORE, free, row(AlibiRows.NEXT, v));
      }
    }
  }

  /// Changes the tile's scores, and goes on to those of the next keys.
  void change() {
    if (change.capped()) {
      SoftCapCode cap = new SoftCapCode(a, change.softCap(), free, constants);
      cap.prepare();
      for (int x = 0; x < tile.rows() * tile.vectors(); x++) {
        cap.bound(x);
      }
    }
    if (change.alibi()) {
      a.load(RAX, biases);
      for (int v = 0; v < tile.vectors(); v++) {
        bias(v);
      }
    }
  }

  private void bias(int v) {
    int distance = free;
    int slope = free + 1;
    int magnitude = free + 2;
    a.vector(VMOVDQU32, distance, row(AlibiRows.NEXT, v));
    a.vector(VMOVDQU32, slope, row(AlibiRows.SLOPES, v));
    for (int key = 0; key < tile.rows(); key++) {
      a.vector(VPANDD, magnitude, distance, magnitude(a));
      a.vector(VFMADD231PS, key * tile.vectors() + v, magnitude, slope);
      a.vector(VSUBPS, distance, distance, a.constant(1));
    }
    a.vector(VMOVDQU32_STORE, distance, row(AlibiRows.NEXT, v));
  }
}
