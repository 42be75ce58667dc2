package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products with rows of Q6_K ([dev.lungo.quant.Q6_K]).
final class Q6_KDots {
  private static final int BLOCK_BYTES = 210;
  private static final int SUB_BLOCKS = 16;

  /// Steps of a half block; in each, `LANES` bytes of the upper bits give four vectors.
  private static final int STEPS = 32 / LANES;

  private static final IntVector FIFTEEN = IntVector.broadcast(BlockLanes.INTS, 15);
  private static final IntVector UPPER = IntVector.broadcast(BlockLanes.INTS, 48);
  private static final IntVector HALF = IntVector.broadcast(BlockLanes.INTS, 32);

  private Q6_KDots() {}

  /// Computes y[at + r] for `rows` rows that follow each other from byte `offset`.
  static void rows(
      MemorySegment weights,
      long offset,
      int rows,
      BlockDots.Input x,
      BlockDots.Scratch scratch,
      float[] y,
      int at) {
    int blocks = x.length() / 256;
    scratch.reserve(SUB_BLOCKS * blocks);
    for (int row = 0; row < rows; row++, offset += blocks * (long) BLOCK_BYTES) {
      scale(weights, offset, blocks, scratch.scales);
      y[at + row] =
          row(weights, offset, x.values(), x.from(), blocks, scratch.scales, scratch.lanes);
    }
  }

  private static void scale(MemorySegment weights, long offset, int blocks, float[] scales) {
    for (int b = 0; b < blocks; b++, offset += BLOCK_BYTES) {
      FloatVector scale = FloatVector.broadcast(SPECIES, BlockDots.half(weights, offset + 208));
      for (int i = 0; i < SUB_BLOCKS; i += LANES) {
        BlockLanes.signed(weights, offset + 192 + i)
            .mul(scale)
            .intoArray(scales, SUB_BLOCKS * b + i);
      }
    }
  }

  /// Computes one dot product.
  private static float row(
      MemorySegment weights,
      long offset,
      float[] x,
      int from,
      int blocks,
      float[] scales,
      float[] lanes) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    // Not four vectors at a time: past some size of a loop every vector becomes an object.
    for (int step = 0; step < blocks * 4 * STEPS; step++) {
      int half = step / (2 * STEPS);
      int upperHalves = step / STEPS & 1;
      int j = step % STEPS * LANES;
      long block = offset + (half >> 1) * (long) BLOCK_BYTES;
      long lower = block + 64 * (half & 1) + j;
      int shift = 4 * upperHalves;
      IntVector fives =
          BlockLanes.unsigned(weights, block + 128 + 32 * (half & 1) + j)
              .lanewise(VectorOperators.LSHR, shift);
      int at = from + 128 * half + 64 * upperHalves + j;
      int scale = 8 * half + 4 * upperHalves + (j >> 4);
      IntVector values =
          BlockLanes.unsigned(weights, lower)
              .lanewise(VectorOperators.LSHR, shift)
              .and(FIFTEEN)
              .or(fives.lanewise(VectorOperators.LSHL, 4).and(UPPER));
      even =
          BlockLanes.toFloats(values.sub(HALF))
              .mul(Lanes.get(x, at))
              .fma(FloatVector.broadcast(SPECIES, scales[scale]), even);
      values =
          BlockLanes.unsigned(weights, lower + 32)
              .lanewise(VectorOperators.LSHR, shift)
              .and(FIFTEEN)
              .or(fives.lanewise(VectorOperators.LSHL, 2).and(UPPER));
      odd =
          BlockLanes.toFloats(values.sub(HALF))
              .mul(Lanes.get(x, at + 32))
              .fma(FloatVector.broadcast(SPECIES, scales[scale + 2]), odd);
    }
    return Lanes.sum(even.add(odd), lanes);
  }
}
