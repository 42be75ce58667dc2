package dev.lungo.kernel.machine;

import org.jspecify.annotations.Nullable;

/// A place in memory: `base` + `index` · `scale` + `displacement`.
///
/// @param index null for none
/// @param scale 1, 2, 4 or 8
/// @param broadcast whether the 32 bits there stand for all lanes
record Address(
    Register base, @Nullable Register index, int scale, int displacement, boolean broadcast) {
  static Address at(Register base, int displacement) {
    return new Address(base, null, 1, displacement, false);
  }

  static Address at(Register base, Register index, int scale, int displacement) {
    return new Address(base, index, scale, displacement, false);
  }

  /// Returns the number at this place as the operand of every lane.
  Address toAllLanes() {
    return new Address(base, index, scale, displacement, true);
  }

  Address plus(int bytes) {
    return new Address(base, index, scale, displacement + bytes, broadcast);
  }
}
