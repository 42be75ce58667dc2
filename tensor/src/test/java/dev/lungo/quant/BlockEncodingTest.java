package dev.lungo.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// What encoded blocks say, read bit by bit by [BlockFormatTest.Bits].
class BlockEncodingTest {
  private static final int COUNT = 2048;

  static Stream<DType> formats() {
    return BlockFormatTest.formats();
  }

  private static byte[] encode(DType type, float[] numbers) {
    BlockFormat format = type.format().orElseThrow();
    byte[] bytes = new byte[(int) type.bytes(numbers.length)];
    format.encode(numbers, 0, MemorySegment.ofArray(bytes), 0, numbers.length);
    return bytes;
  }

  private static float[] read(DType type, byte[] bytes, int count) {
    BlockFormat format = type.format().orElseThrow();
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      int block = i / format.blockElements();
      BlockFormatTest.Bits bits = new BlockFormatTest.Bits(bytes, block * format.blockBytes());
      numbers[i] = bits.number(type, i % format.blockElements());
    }
    return numbers;
  }

  private static float[] roundTrip(DType type, float[] numbers) {
    return read(type, encode(type, numbers), numbers.length);
  }

  private static float[] numbers(int count, DoubleSupplier source) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) source.getAsDouble();
    }
    return numbers;
  }

  private static float[] gaussian(int seed) {
    Random random = new Random(seed);
    return numbers(COUNT, () -> 0.02 * random.nextGaussian());
  }

  private static double rootMeanSquare(float[] numbers, float[] others) {
    double sum = 0;
    for (int i = 0; i < numbers.length; i++) {
      double difference = (double) numbers[i] - others[i];
      sum += difference * difference;
    }
    return Math.sqrt(sum / numbers.length);
  }

  /// The most that a number may be away: a step of its format, of which two-sided formats waste
  /// half where the number of the largest size has a counterpart.
  private static double bound(DType type, float[] numbers, int i) {
    int block = type == DType.Q6_K ? 16 : 32;
    float[] neighbours = Arrays.copyOfRange(numbers, i / block * block, i / block * block + block);
    double largest = 0;
    double high = 0;
    double low = 0;
    for (float number : neighbours) {
      largest = Math.max(largest, Math.abs(number));
      high = Math.max(high, number);
      low = Math.min(low, number);
    }
    double halfPrecision = largest / 1024;
    return switch (type) {
      // Halves below 2^-14 are 2^-24 apart.
      case FLOAT16 -> Math.max(Math.abs(numbers[i]) / 2048, Math.pow(2, -25));
      case BFLOAT16 -> Math.abs(numbers[i]) / 256;
      case Q8_0 -> largest / 127 / 2 + halfPrecision;
      case Q4_0 -> largest / 8 + halfPrecision;
      case Q5_0 -> largest / 16 + halfPrecision;
      case Q4_1 -> (high - low) / 15 / 2 + 2 * halfPrecision;
      case Q5_1 -> (high - low) / 31 / 2 + 2 * halfPrecision;
      // Six bits of scale may be off by a part of 63 of the largest one of 256 numbers.
      case Q4_K -> (high - low) / 15 * 1.5;
      case Q5_K -> (high - low) / 31 * 2;
      case Q6_K -> largest / 31 * 1.5;
      case FLOAT32, INT32 -> throw new IllegalArgumentException(type + " has no blocks");
    };
  }

  @ParameterizedTest
  @MethodSource("formats")
  void numbersComeBackWithinTheErrorOfTheirFormat(DType type) {
    float[] numbers = gaussian(1);
    float[] read = roundTrip(type, numbers);
    for (int i = 0; i < COUNT; i++) {
      assertThat(Math.abs((double) read[i] - numbers[i]))
          .as("%s, number %d, %s became %s", type, i, numbers[i], read[i])
          .isLessThanOrEqualTo(bound(type, numbers, i));
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void moreBitsMeanLessError(DType type) {
    double error = 0;
    for (int seed = 0; seed < 4; seed++) {
      float[] numbers = gaussian(seed);
      error = Math.max(error, rootMeanSquare(numbers, roundTrip(type, numbers)) / 0.02);
    }
    // Root mean square error over the deviation of Gaussian numbers.
    double most =
        switch (type) {
          case FLOAT16 -> 0.0003;
          case BFLOAT16 -> 0.0025;
          case Q8_0 -> 0.006;
          case Q6_K -> 0.02;
          case Q5_0, Q5_1, Q5_K -> 0.046;
          case Q4_0 -> 0.091;
          case Q4_1, Q4_K -> 0.083;
          case FLOAT32, INT32 -> 0;
        };
    assertThat(error).as(type.toString()).isBetween(most / 4, most);
  }

  @ParameterizedTest
  @EnumSource(names = {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "BFLOAT16", "FLOAT16"})
  void simpleFormatsAreEncodedBitForBitAsDefined(DType type) {
    Random random = new Random(type.ordinal());
    int blocks = 64;
    int size = type.format().orElseThrow().blockElements();
    int blockBytes = type.format().orElseThrow().blockBytes();
    for (double scale : new double[] {1, 1e-3, 300}) {
      float[] numbers = numbers(blocks * size, () -> scale * random.nextGaussian());
      byte[] expected = new byte[blocks * blockBytes];
      for (int block = 0; block < blocks; block++) {
        BitWriter writer = new BitWriter(expected, block * blockBytes);
        writer.write(type, Arrays.copyOfRange(numbers, block * size, block * size + size));
      }
      assertThat(encode(type, numbers)).as("%s × %s", type, scale).isEqualTo(expected);
    }
  }

  /// The definitions once more, one bit at a time.
  private record BitWriter(byte[] bytes, int from) {
    void bits(int at, int first, int count, int value) {
      for (int i = 0; i < count; i++) {
        int index = 8 * at + first + i;
        int mask = 1 << index % 8;
        bytes[from + index / 8] &= (byte) ~mask;
        bytes[from + index / 8] |= (byte) ((value >> i & 1) * mask);
      }
    }

    /// The nearest of all 65,536 halves, of two equally near the one with an even last bit.
    void half(int at, float value) {
      int best = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int bits = 0; bits < 0x7c00; bits++) {
        int exponent = bits >> 10;
        double size =
            exponent == 0
                ? bits * Math.pow(2, -24)
                : (1024 + bits % 1024) * Math.pow(2, exponent - 25);
        double distance = Math.abs(size - Math.abs((double) value));
        if (distance < least || distance == least && bits % 2 == 0) {
          least = distance;
          best = bits;
        }
      }
      bits(at, 0, 16, best | Float.floatToRawIntBits(value) >>> 31 << 15);
    }

    void nibbles(int at, int n, int value) {
      bits(at + n % 16, n / 16 * 4, 4, value);
    }

    void write(DType type, float[] x) {
      switch (type) {
        case FLOAT16 -> half(0, x[0]);
        case BFLOAT16 -> brain(x[0]);
        case Q8_0 -> {
          float scale = largest(x, true) / 127;
          half(0, scale);
          for (int n = 0; n < 32; n++) {
            float quotient = x[n] * (1 / scale);
            int away = (int) Math.floor(Math.abs((double) quotient) + 0.5);
            bits(2 + n, 0, 8, quotient < 0 ? -away : away);
          }
        }
        case Q4_0, Q5_0 -> {
          int levels = type == DType.Q4_0 ? 16 : 32;
          float scale = largest(x, false) / (-levels / 2);
          half(0, scale);
          for (int n = 0; n < 32; n++) {
            float moved = x[n] * (1 / scale) + (levels / 2 + 0.5f);
            value(type, n, Math.min(levels - 1, (int) Math.floor(moved)));
          }
        }
        case Q4_1, Q5_1 -> {
          int most = type == DType.Q4_1 ? 15 : 31;
          float[] sorted = x.clone();
          Arrays.sort(sorted);
          float scale = (sorted[31] - sorted[0]) / most;
          half(0, scale);
          half(2, sorted[0]);
          for (int n = 0; n < 32; n++) {
            float moved = (x[n] - sorted[0]) * (1 / scale) + 0.5f;
            value(type, n, Math.min(most, (int) Math.floor(moved)));
          }
        }
        case FLOAT32, INT32, Q4_K, Q5_K, Q6_K -> throw new IllegalArgumentException("not simple");
      }
    }

    private void value(DType type, int n, int value) {
      switch (type) {
        case Q4_0 -> nibbles(2, n, value);
        case Q4_1 -> nibbles(4, n, value);
        case Q5_0, Q5_1 -> {
          int at = type == DType.Q5_0 ? 2 : 4;
          bits(at, n, 1, value / 16);
          nibbles(at + 4, n, value % 16);
        }
        case FLOAT16, BFLOAT16, Q8_0, FLOAT32, INT32, Q4_K, Q5_K, Q6_K ->
            throw new IllegalArgumentException(type + " has no fours");
      }
    }

    private void brain(float value) {
      int below = Float.floatToRawIntBits(value) >>> 16;
      float lower = Float.intBitsToFloat(below << 16);
      float upper = Float.intBitsToFloat(below + 1 << 16);
      double toLower = Math.abs((double) value - lower);
      double toUpper = Math.abs((double) upper - value);
      boolean up = toUpper < toLower || toUpper == toLower && below % 2 == 1;
      bits(0, 0, 16, up ? below + 1 : below);
    }

    private static float largest(float[] x, boolean withoutSign) {
      float largest = 0;
      for (float number : x) {
        if (Math.abs(number) > Math.abs(largest)) {
          largest = number;
        }
      }
      return withoutSign ? Math.abs(largest) : largest;
    }
  }

  /// A fit without a search: sub-blocks span from their least to their largest number.
  private static float[] plainFit(DType type, float[] x) {
    int size = type == DType.Q6_K ? 16 : 32;
    int top = type == DType.Q4_K ? 15 : type == DType.Q5_K ? 31 : 63;
    float[] result = new float[x.length];
    for (int at = 0; at < x.length; at += 256) {
      int subs = 256 / size;
      double[] scale = new double[subs];
      double[] minimum = new double[subs];
      for (int sub = 0; sub < subs; sub++) {
        double high = 0;
        double low = 0;
        for (int i = 0; i < size; i++) {
          high = Math.max(high, x[at + size * sub + i]);
          low = Math.min(low, x[at + size * sub + i]);
        }
        if (type == DType.Q6_K) {
          scale[sub] = Math.max(high, -low) / 31;
        } else {
          scale[sub] = (high - low) / top;
          minimum[sub] = -low;
        }
      }
      int steps = type == DType.Q6_K ? 127 : 63;
      double unit = Arrays.stream(scale).max().orElseThrow() / steps;
      double minimumUnit = Arrays.stream(minimum).max().orElseThrow() / steps;
      for (int i = 0; i < 256; i++) {
        int sub = i / size;
        double a = unit == 0 ? 0 : unit * Math.rint(scale[sub] / unit);
        double b = minimumUnit == 0 ? 0 : minimumUnit * Math.rint(minimum[sub] / minimumUnit);
        int least = type == DType.Q6_K ? -32 : 0;
        double q = a == 0 ? 0 : Math.rint((x[at + i] + b) / a);
        result[at + i] = (float) (a * Math.clamp(q, least, least + top) - b);
      }
    }
    return result;
  }

  @ParameterizedTest
  @EnumSource(names = {"Q4_K", "Q5_K", "Q6_K"})
  void searchedScalesBeatThoseThatSpanTheNumbers(DType type) {
    Random random = new Random(5);
    DoubleSupplier[] sources = {
      random::nextGaussian,
      () -> Math.log(1 - random.nextDouble()) * (random.nextBoolean() ? 1 : -1),
      () -> 2 * random.nextDouble() - 1,
      random::nextDouble,
      () -> -random.nextDouble(),
      () -> random.nextGaussian() * (random.nextInt(64) == 0 ? 20 : 1),
      () -> 0.5 + 0.1 * random.nextGaussian(),
    };
    for (int source = 0; source < sources.length; source++) {
      float[] numbers = numbers(COUNT, sources[source]);
      double ours = rootMeanSquare(numbers, roundTrip(type, numbers));
      double plain = rootMeanSquare(numbers, plainFit(type, numbers));
      assertThat(ours).as("%s, source %d", type, source).isLessThanOrEqualTo(plain);
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void zerosStayZeros(DType type) {
    float[] numbers = new float[256];
    Arrays.fill(numbers, 100, 156, -0f);
    for (float number : roundTrip(type, numbers)) {
      assertThat(Math.abs(number)).as(type.toString()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void oneOutlierAmongZerosIsKept(DType type) {
    for (float outlier : new float[] {3, -3}) {
      float[] numbers = new float[256];
      numbers[77] = outlier;
      float[] read = roundTrip(type, numbers);
      assertThat((double) read[77])
          .as(type.toString())
          .isBetween(
              Math.min(outlier * 0.99, outlier * 1.01), Math.max(outlier * 0.99, outlier * 1.01));
      read[77] = 0;
      for (float other : read) {
        assertThat(Math.abs(other)).as(type.toString()).isLessThan(0.01f);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void equalNumbersStayEqual(DType type) {
    for (float value : new float[] {0.25f, -0.25f}) {
      float[] numbers = new float[256];
      Arrays.fill(numbers, value);
      float[] read = roundTrip(type, numbers);
      for (float number : read) {
        assertThat(number).as(type.toString()).isEqualTo(read[0]);
      }
      assertThat(Math.abs(read[0] - value)).as(type.toString()).isLessThan(0.005f);
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void numbersBelowTheFormatsSmallestBecomeTiny(DType type) {
    Random random = new Random(9);
    for (double size : new double[] {1e-45, 1e-40, 1e-38, 1e-20, 1e-9, 6e-8}) {
      float[] numbers = numbers(512, () -> size * random.nextGaussian());
      for (float number : roundTrip(type, numbers)) {
        assertThat(Math.abs(number)).as("%s, %s", type, size).isLessThan(1e-5f);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void numbersThatAreNoneAreRefused(DType type) {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] numbers = gaussian(3);
      numbers[300] = bad;
      assertThatThrownBy(() -> encode(type, numbers))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("number 300 is " + bad);
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void numbersBeyondTheFormatAreRefused(DType type) {
    float[] numbers = new float[256];
    numbers[5] = Float.MAX_VALUE;
    numbers[6] = -Float.MAX_VALUE;
    assertThatThrownBy(() -> encode(type, numbers))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("use");
  }

  @Test
  void everyFormatThatFilesMayHaveIsTested() {
    assertThat(formats())
        .containsExactlyInAnyOrderElementsOf(
            EnumSet.complementOf(EnumSet.of(DType.FLOAT32, DType.INT32)));
  }
}
