package dev.lungo.kernel.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Vectors and masks that the code reads from memory, all at fixed distances from [#ADDRESS].
final class Constants {
  private static final int VECTOR = 64;
  private static final int LANES = VECTOR / Integer.BYTES;

  /// In each byte 128.
  static final int BYTES_OF_128 = 0;

  /// In each byte 16.
  static final int BYTES_OF_16 = VECTOR;

  /// In each byte 15: the lower half of a byte.
  static final int LOWER_HALVES = 2 * VECTOR;

  /// For [Instruction#VPSRLVD]: nothing in the first and third quarter, four bits in the others.
  static final int SECOND_QUARTERS_BY_4 = 3 * VECTOR;

  /// All bits of a float but its sign.
  static final int MAGNITUDE = 4 * VECTOR;

  /// In each byte 1.
  static final int BYTES_OF_1 = 5 * VECTOR;

  /// 127 in each lane, as a float.
  static final int MOST = 6 * VECTOR;

  /// 1 / 127.
  static final int PART = 7 * VECTOR;

  /// For [Instruction#VPSRLVD]: nothing in the lower half, four bits in the upper one.
  static final int UPPER_HALF_BY_4 = 8 * VECTOR;

  /// Four bits in each lane.
  static final int ALL_BY_4 = 9 * VECTOR;

  /// For [Instruction#VPSLLVD]: four bits in the lower half, two in the upper one.
  static final int HALVES_BY_4_AND_2 = 10 * VECTOR;

  /// For [Instruction#VPSRLVD]: nothing in the lower half, two bits in the upper one.
  static final int UPPER_HALF_BY_2 = 11 * VECTOR;

  /// The fifth and sixth bit of each byte.
  static final int FIFTH_AND_SIXTH_BITS = 12 * VECTOR;

  /// How scales and minima of six bits are cut from their twelve bytes ([SuperBlock#Q4]): shifts
  /// and masks of what holds their lower six and upper two bits, then of what holds the lower four
  /// bits of some.
  static final int UPPER_BITS_BY = 13 * VECTOR;

  static final int UPPER_BITS = 14 * VECTOR;
  static final int LOWER_BITS_BY = 15 * VECTOR;
  static final int LOWER_BITS = 16 * VECTOR;

  /// For [Instruction#VPERMPS]: four vectors that name lanes 0 and 1, 2 and 3, and so on, each for
  /// eight lanes.
  static final int LANE_PAIRS = 17 * VECTOR;

  /// Four vectors that name lanes 0 to 3, 4 to 7, and so on, each for four lanes.
  static final int LANE_FOURS = 21 * VECTOR;

  /// A mask of the upper 8 of 16 lanes.
  static final int UPPER_LANES = 25 * VECTOR;

  /// A mask of the upper 4 of 8 lanes of 64 bits.
  static final int UPPER_QUADS = UPPER_LANES + Long.BYTES;

  private static final int BYTES = 26 * VECTOR;

  private static final MemorySegment MEMORY = Arena.global().allocate(BYTES, VECTOR);

  static final long ADDRESS = MEMORY.address();

  static {
    fill(BYTES_OF_128, 0x80808080);
    fill(BYTES_OF_16, 0x10101010);
    fill(LOWER_HALVES, 0x0f0f0f0f);
    fill(MAGNITUDE, 0x7fffffff);
    fill(BYTES_OF_1, 0x01010101);
    fill(MOST, Float.floatToIntBits(127));
    fill(PART, Float.floatToIntBits(1 / 127f));
    fill(ALL_BY_4, 4);
    fill(FIFTH_AND_SIXTH_BITS, 0x30303030);
    for (int lane = 0; lane < LANES; lane++) {
      set(SECOND_QUARTERS_BY_4, lane, lane / 4 % 2 == 0 ? 0 : 4);
      set(UPPER_HALF_BY_4, lane, lane < 8 ? 0 : 4);
      set(HALVES_BY_4_AND_2, lane, lane < 8 ? 4 : 2);
      set(UPPER_HALF_BY_2, lane, lane < 8 ? 0 : 2);
      set(UPPER_BITS_BY, lane, lane % 2 == 0 ? 0 : 2);
      set(UPPER_BITS, lane, lane % 2 == 0 ? 0x3f3f3f3f : 0x30303030);
      set(LOWER_BITS_BY, lane, lane % 4 == 3 ? 4 : 0);
      set(LOWER_BITS, lane, lane % 2 == 0 ? 0 : 0x0f0f0f0f);
      for (int pair = 0; pair < 4; pair++) {
        set(LANE_PAIRS + pair * VECTOR, lane, 2 * pair + lane / 8);
        set(LANE_FOURS + pair * VECTOR, lane, 4 * pair + lane / 4);
      }
    }
    set(UPPER_LANES, 0, 0xff00);
    set(UPPER_QUADS, 0, 0xf0);
  }

  private Constants() {}

  private static void fill(int at, int value) {
    for (int lane = 0; lane < LANES; lane++) {
      set(at, lane, value);
    }
  }

  private static void set(int at, int lane, int value) {
    MEMORY.set(ValueLayout.JAVA_INT, at + lane * Integer.BYTES, value);
  }
}
