package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Dot products with rows of Q4_K ([dev.lungo.quant.Q4_K]). The scales of a row are unpacked first,
/// eight at a time; minima are multiplied with sums of x. The input of a row is x, and the negative
/// sums of each 32 of it.
final class Q4_KDots implements BlockDots {
  static final Q4_KDots DOTS = new Q4_KDots();

  private static final int BLOCK_BYTES = 144;
  private static final int SUB_BLOCKS = 8;

  /// What x takes for a block; the sums follow those of all blocks.
  private static final int NUMBER_BYTES = 256 * Float.BYTES;

  private Q4_KDots() {}

  @Override
  public int inputLength(int count) {
    // The next row begins at a cache line, too.
    return count + (count / 32 + 15) / 16 * 16;
  }

  @Override
  public void prepare(float[] x, int from, int count, float[] input, int at) {
    System.arraycopy(x, from, input, at, count);
    for (int sub = 0; sub < count / 32; sub++) {
      float sum = 0;
      for (int i = 0; i < 32; i++) {
        sum += x[from + 32 * sub + i];
      }
      input[at + count + sub] = -sum;
    }
  }

  /// Stores the scales of a row, eight floats a block, and leaves what the minima add at
  /// `lanes[at]`.
  private static void rowScales(
      long weights, long sums, int blocks, long scales, float[] lanes, int at) {
    FloatVector minima = FloatVector.zero(FloatVector.SPECIES_256);
    for (int b = 0; b < blocks; b++) {
      long w = NativeMemory.within(weights + b * BLOCK_BYTES);
      long to = b * SUB_BLOCKS * Float.BYTES;
      minima =
          ScaleLanes.unpack(
              w, NativeMemory.within(sums + to), NativeMemory.within(scales + to), minima);
    }
    FloatVector.zero(SPECIES).intoArray(lanes, at);
    minima.intoArray(lanes, at);
  }

  @Override
  public void row(long weights, long input, int blocks, long room, float[] lanes, int at) {
    rowScales(weights, input + blocks * (long) NUMBER_BYTES, blocks, room, lanes, at);
    FloatVector lows = FloatVector.zero(SPECIES);
    FloatVector highs = lows;
    int x = 0;
    // Counters in bytes, since the compiler multiplies for each address. A step takes 32 bytes, 64
    // numbers; before each four steps lie 16 bytes of scales.
    for (int numbers = 0; numbers < blocks * 128; numbers += 32) {
      long w = NativeMemory.within(weights + (numbers + (numbers >> 3 & -16) + 16));
      long s = NativeMemory.within(room + (numbers >> 2));
      long by = NativeMemory.within(input + x);
      x += 64 * Float.BYTES;
      IntVector pairs = BlockLanes.unsigned(w);
      FloatVector low = BlockLanes.low(pairs).mul(Lanes.floats(by));
      FloatVector high = BlockLanes.high(pairs).mul(Lanes.floats(by + 128));
      pairs = BlockLanes.unsigned(w + LANES);
      low = BlockLanes.low(pairs).fma(Lanes.floats(by + 4 * LANES), low);
      high = BlockLanes.high(pairs).fma(Lanes.floats(by + 128 + 4 * LANES), high);
      if (LANES == 8) {
        pairs = BlockLanes.unsigned(w + 16);
        low = BlockLanes.low(pairs).fma(Lanes.floats(by + 64), low);
        high = BlockLanes.high(pairs).fma(Lanes.floats(by + 192), high);
        pairs = BlockLanes.unsigned(w + 24);
        low = BlockLanes.low(pairs).fma(Lanes.floats(by + 96), low);
        high = BlockLanes.high(pairs).fma(Lanes.floats(by + 224), high);
      }
      lows = low.fma(FloatVector.broadcast(SPECIES, NativeMemory.getFloat(s)), lows);
      highs = high.fma(FloatVector.broadcast(SPECIES, NativeMemory.getFloat(s + 4)), highs);
    }
    // Read here and not as the sum to start with: it is two stores, which the load would wait for.
    lows.add(highs).add(Lanes.get(lanes, at)).intoArray(lanes, at);
  }

  /// The scales and minima of a block.
  private static final class ScaleLanes {
    /// Stores the eight scales, and returns the sums with what the minima add.
    ///
    /// The six-bit numbers become a long of eight scales and one of eight minima, a byte each;
    /// [dev.lungo.quant.SubBlockScales] has the layout.
    static FloatVector unpack(long w, long x, long scale, FloatVector sums) {
      int scales = NativeMemory.getInt(w + 4);
      int minima = NativeMemory.getInt(w + 8);
      int rest = NativeMemory.getInt(w + 12);
      int upperScales = rest & 0x0f0f0f0f | (scales >>> 6 & 0x03030303) << 4;
      int upperMinima = rest >>> 4 & 0x0f0f0f0f | (minima >>> 6 & 0x03030303) << 4;
      BlockLanes.eight((long) upperScales << 32 | scales & 0x3f3f3f3f)
          .mul(NativeMemory.half(w))
          .intoMemorySegment(NativeMemory.ALL, scale, Lanes.ORDER);
      FloatVector negative =
          FloatVector.fromMemorySegment(FloatVector.SPECIES_256, NativeMemory.ALL, x, Lanes.ORDER);
      return BlockLanes.eight((long) upperMinima << 32 | minima & 0x3f3f3f3f)
          .mul(NativeMemory.half(w + 2))
          .fma(negative, sums);
    }
  }
}
