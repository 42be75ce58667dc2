package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Dot products with rows of Q4_K ([dev.lungo.quant.Q4_K]). The scales of a row are unpacked first,
/// eight at a time; minima are multiplied with sums of x. The input of a block is x, and the
/// negative sums of each 32 of it.
final class Q4_KDots implements BlockDots {
  static final Q4_KDots DOTS = new Q4_KDots();

  private static final int BLOCK_BYTES = 144;
  private static final int SUB_BLOCKS = 8;
  private static final int INPUT_LENGTH = 256 + 16;
  private static final int INPUT_BYTES = INPUT_LENGTH * Float.BYTES;

  private Q4_KDots() {}

  @Override
  public int inputLength(int count) {
    return count / 256 * INPUT_LENGTH;
  }

  @Override
  public void prepare(float[] x, int count, float[] input) {
    for (int block = 0; block < count / 256; block++) {
      prepareBlock(x, block * 256, input, block * INPUT_LENGTH);
    }
  }

  private static void prepareBlock(float[] x, int from, float[] input, int at) {
    System.arraycopy(x, from, input, at, 256);
    for (int sub = 0; sub < SUB_BLOCKS; sub++) {
      float sum = 0;
      for (int i = 0; i < 32; i++) {
        sum += x[from + 32 * sub + i];
      }
      input[at + 256 + sub] = -sum;
    }
  }

  /// Stores the scales of a row, eight floats a block, and starts the sums at `lanes[at]` with what
  /// the minima add.
  private static void rowScales(
      long weights, long input, int blocks, long scales, float[] lanes, int at) {
    FloatVector minima = FloatVector.zero(FloatVector.SPECIES_256);
    for (int b = 0; b < blocks; b++) {
      long w = NativeMemory.within(weights + b * (long) BLOCK_BYTES);
      long x = NativeMemory.within(input + b * (long) INPUT_BYTES + 256 * Float.BYTES);
      minima = ScaleLanes.unpack(w, x, NativeMemory.within(scales + b * 32L), minima);
    }
    FloatVector.zero(SPECIES).intoArray(lanes, at);
    minima.intoArray(lanes, at);
  }

  @Override
  public void row(long weights, long input, int blocks, long scales, float[] lanes, int at) {
    rowScales(weights, input, blocks, scales, lanes, at);
    FloatVector lows = FloatVector.fromArray(SPECIES, lanes, at);
    FloatVector highs = FloatVector.zero(SPECIES);
    for (int i = 0; i < blocks * 4; i++) {
      long w = weights + (i >> 2) * (long) BLOCK_BYTES + 16 + (i & 3) * 32L;
      long x = input + (i >> 2) * (long) INPUT_BYTES + (i & 3) * 256L;
      long s = NativeMemory.within(scales + i * 8L);
      w = NativeMemory.within(w);
      x = NativeMemory.within(x);
      IntVector pairs = BlockLanes.unsigned(w);
      FloatVector low = BlockLanes.low(pairs).mul(Lanes.floats(x));
      FloatVector high = BlockLanes.high(pairs).mul(Lanes.floats(x + 128));
      pairs = BlockLanes.unsigned(w + LANES);
      low = BlockLanes.low(pairs).fma(Lanes.floats(x + 4 * LANES), low);
      high = BlockLanes.high(pairs).fma(Lanes.floats(x + 128 + 4 * LANES), high);
      if (LANES == 8) {
        pairs = BlockLanes.unsigned(w + 16);
        low = BlockLanes.low(pairs).fma(Lanes.floats(x + 64), low);
        high = BlockLanes.high(pairs).fma(Lanes.floats(x + 192), high);
        pairs = BlockLanes.unsigned(w + 24);
        low = BlockLanes.low(pairs).fma(Lanes.floats(x + 96), low);
        high = BlockLanes.high(pairs).fma(Lanes.floats(x + 224), high);
      }
      lows = low.fma(FloatVector.broadcast(SPECIES, NativeMemory.getFloat(s)), lows);
      highs = high.fma(FloatVector.broadcast(SPECIES, NativeMemory.getFloat(s + 4)), highs);
    }
    lows.add(highs).intoArray(lanes, at);
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
