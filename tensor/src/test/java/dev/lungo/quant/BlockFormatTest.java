package dev.lungo.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every format against a second reading of its layout that asks for one number at a time, bit by
/// bit.
class BlockFormatTest {
  static Stream<DType> formats() {
    return Stream.of(DType.values()).filter(type -> type.format().isPresent());
  }

  @ParameterizedTest
  @MethodSource("formats")
  void blocksDecodeAsTheirBitsSay(DType type) {
    BlockFormat format = type.format().orElseThrow();
    Random random = new Random(type.ordinal());
    int blocks = 7;
    byte[] bytes = new byte[3 + blocks * format.blockBytes()];
    random.nextBytes(bytes);
    float[] decoded = new float[blocks * format.blockElements() + 5];
    format.decode(MemorySegment.ofArray(bytes), 3, decoded, 2, blocks * format.blockElements());
    for (int block = 0; block < blocks; block++) {
      Bits bits = new Bits(bytes, 3 + block * format.blockBytes());
      for (int n = 0; n < format.blockElements(); n++) {
        float expected = bits.number(type, n);
        float actual = decoded[2 + block * format.blockElements() + n];
        if (Float.isFinite(expected)) {
          assertThat(actual)
              .as("%s, number %d of block %d", type, n, block)
              .isCloseTo(expected, within(1e-6f * (1 + Math.abs(expected))));
        }
      }
    }
    assertThat(decoded[0]).isZero();
    assertThat(decoded[decoded.length - 1]).isZero();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void blocksAreAsLongAsTheirNumbersNeed(DType type) {
    BlockFormat format = type.format().orElseThrow();
    assertThat(type.bytes(256)).isEqualTo(256L / format.blockElements() * format.blockBytes());
    assertThat(Optional.of(format.blockBytes() * 8.0 / format.blockElements()))
        .contains(
            switch (type) {
              case FLOAT16, BFLOAT16 -> 16.0;
              case Q8_0 -> 8.5;
              case Q4_0, Q4_K -> 4.5;
              case Q4_1 -> 5.0;
              case Q5_0, Q5_K -> 5.5;
              case Q5_1 -> 6.0;
              case Q6_K -> 6.5625;
              case FLOAT32, INT32 -> 32.0;
            });
  }

  /// One block, bit by bit.
  record Bits(byte[] bytes, int from) {
    int bit(int index) {
      return bytes[from + index / 8] >> index % 8 & 1;
    }

    /// An unsigned number of `count` bits that begin at bit `first` of byte `at`.
    int bits(int at, int first, int count) {
      int value = 0;
      for (int i = 0; i < count; i++) {
        value |= bit(8 * at + first + i) << i;
      }
      return value;
    }

    int signed(int at) {
      int value = bits(at, 0, 8);
      return value < 128 ? value : value - 256;
    }

    float half(int at) {
      int sign = bits(at + 1, 7, 1);
      int exponent = bits(at + 1, 2, 5);
      int fraction = bits(at, 0, 8) | bits(at + 1, 0, 2) << 8;
      double value =
          exponent == 0
              ? fraction * Math.pow(2, -24)
              : exponent == 31
                  ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                  : (1024 + fraction) * Math.pow(2, exponent - 25);
      return (float) (sign == 0 ? value : -value);
    }

    /// The scale (or minimum) of a sub-block, six bits.
    int six(int sub, boolean minimum) {
      int at = 4;
      if (sub < 4) {
        return bits(at + sub + (minimum ? 4 : 0), 0, 6);
      }
      int low = bits(at + 8 + sub - 4, minimum ? 4 : 0, 4);
      int high = bits(at + sub - 4 + (minimum ? 4 : 0), 6, 2);
      return 16 * high + low;
    }

    float number(DType type, int n) {
      int nibble = n < 16 ? 0 : 4;
      return switch (type) {
        case FLOAT16 -> half(0);
        case BFLOAT16 -> Float.intBitsToFloat(bits(0, 0, 8) << 16 | bits(1, 0, 8) << 24);
        case Q8_0 -> half(0) * signed(2 + n);
        case Q4_0 -> half(0) * (bits(2 + n % 16, nibble, 4) - 8);
        case Q4_1 -> half(0) * bits(4 + n % 16, nibble, 4) + half(2);
        case Q5_0 -> half(0) * (bits(6 + n % 16, nibble, 4) + 16 * bit(16 + n) - 16);
        case Q5_1 -> half(0) * (bits(8 + n % 16, nibble, 4) + 16 * bit(32 + n)) + half(2);
        case Q4_K, Q5_K -> {
          int sub = n / 32;
          int first = type == DType.Q4_K ? 16 : 48;
          int value = bits(first + n / 64 * 32 + n % 32, n / 32 % 2 * 4, 4);
          if (type == DType.Q5_K) {
            value += 16 * bits(16 + n % 32, sub, 1);
          }
          yield half(0) * six(sub, false) * value - half(2) * six(sub, true);
        }
        case Q6_K -> {
          int inHalf = n % 128;
          int value = bits(n / 128 * 64 + inHalf % 64, inHalf / 64 * 4, 4);
          value += 16 * bits(128 + n / 128 * 32 + inHalf % 32, inHalf / 32 * 2, 2);
          yield half(208) * signed(192 + n / 16) * (value - 32);
        }
        case FLOAT32, INT32 -> throw new IllegalArgumentException(type + " has no blocks");
      };
    }
  }
}
