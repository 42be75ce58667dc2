package dev.lungo.kernel.machine;

import org.jspecify.annotations.Nullable;

/// A place in memory: `base` + `index` · `scale` + `displacement`, or a label in the code.
///
/// @param index null for none
/// @param scale 1, 2, 4 or 8
/// @param broadcast whether the 32 bits there stand for all lanes; AVX-512 only
/// @param label where the place is, whatever the others say; null for none
record Address(
    Register base,
    @Nullable Register index,
    int scale,
    int displacement,
    boolean broadcast,
    Assembler.@Nullable Label label) {
  static Address at(Register base, int displacement) {
    return new Address(base, null, 1, displacement, false, null);
  }

  static Address at(Register base, Register index, int scale, int displacement) {
    return new Address(base, index, scale, displacement, false, null);
  }

  static Address at(Assembler.Label label) {
    return new Address(Register.RAX, null, 1, 0, false, label);
  }

  /// Returns the number at this place as the operand of every lane.
  Address toAllLanes() {
    return new Address(base, index, scale, displacement, true, label);
  }

  Address plus(int bytes) {
    return new Address(base, index, scale, displacement + bytes, broadcast, label);
  }
}
