package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products with rows of Q6_K ([dev.lungo.quant.Q6_K]). The scales of a row are unpacked first.
/// The input is x as it is.
final class Q6_KDots implements BlockDots {
  static final Q6_KDots DOTS = new Q6_KDots();

  private static final int BLOCK_BYTES = 210;
  private static final int SUB_BLOCKS = 16;

  /// Steps of a half block; in each, `LANES` bytes of the upper bits give four vectors.
  private static final int STEPS = 32 / LANES;

  private Q6_KDots() {}

  /// Stores the scales of a row, 16 floats a block.
  private static void rowScales(long weights, int blocks, long scales) {
    for (int b = 0; b < blocks; b++) {
      long w = NativeMemory.within(weights + b * (long) BLOCK_BYTES);
      long to = NativeMemory.within(scales + b * (long) SUB_BLOCKS * Float.BYTES);
      FloatVector all = BlockLanes.halves(w + 208);
      for (int i = 0; i < SUB_BLOCKS; i += LANES) {
        BlockLanes.signed(w + 192 + i)
            .mul(all)
            .intoMemorySegment(NativeMemory.ALL, to + i * Float.BYTES, Lanes.ORDER);
      }
    }
  }

  @Override
  public void row(long weights, long input, int blocks, long scales, float[] lanes, int at) {
    rowScales(weights, blocks, scales);
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    // Not four vectors at a time: past some size of a loop every vector becomes an object.
    for (int step = 0; step < blocks * 4 * STEPS; step++) {
      int half = step / (2 * STEPS);
      int upperHalves = step / STEPS & 1;
      int j = step % STEPS * LANES;
      long block = NativeMemory.within(weights + (half >> 1) * (long) BLOCK_BYTES);
      long w = block + 64 * (half & 1) + j;
      long x = NativeMemory.within(input + 4 * (128L * half + 64 * upperHalves + j));
      long s = NativeMemory.within(scales + 4 * (8L * half + 4 * upperHalves + (j >> 4)));
      int shift = 4 * upperHalves;
      IntVector fives =
          BlockLanes.unsigned(block + 128 + 32 * (half & 1) + j)
              .lanewise(VectorOperators.LSHR, shift);
      even = SumLanes.add(BlockLanes.unsigned(w), shift, fives, 4, x, s, even);
      odd = SumLanes.add(BlockLanes.unsigned(w + 32), shift, fives, 2, x + 128, s + 8, odd);
    }
    even.add(odd).intoArray(lanes, at);
  }

  /// What a vector of numbers adds to the sum.
  private static final class SumLanes {
    private static final IntVector FIFTEEN = IntVector.broadcast(BlockLanes.INTS, 15);
    private static final IntVector UPPER = IntVector.broadcast(BlockLanes.INTS, 48);
    private static final IntVector HALF = IntVector.broadcast(BlockLanes.INTS, 32);

    /// @param shift where the lower four bits are
    /// @param up how far the upper two bits have to go
    static FloatVector add(
        IntVector lower, int shift, IntVector upper, int up, long x, long scale, FloatVector sum) {
      IntVector values =
          lower
              .lanewise(VectorOperators.LSHR, shift)
              .and(FIFTEEN)
              .or(upper.lanewise(VectorOperators.LSHL, up).and(UPPER));
      return BlockLanes.toFloats(values.sub(HALF))
          .mul(Lanes.floats(x))
          .fma(FloatVector.broadcast(SPECIES, NativeMemory.getFloat(scale)), sum);
    }
  }
}
