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

  private static final IntVector FIFTEEN = IntVector.broadcast(BlockDots.INTS, 15);
  private static final IntVector UPPER = IntVector.broadcast(BlockDots.INTS, 48);
  private static final IntVector HALF = IntVector.broadcast(BlockDots.INTS, 32);

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
    LaneSums sums = scratch.sums;
    for (int row = 0; row < rows; row++, offset += blocks * (long) BLOCK_BYTES) {
      int slot = row % LaneSums.ROWS;
      scale(weights, offset, blocks, scratch.scales);
      y[at + row] = 0;
      row(
          weights,
          offset,
          x.values(),
          x.from(),
          blocks,
          scratch.scales,
          sums.vectors,
          slot * LANES);
      if (slot == LaneSums.ROWS - 1 || row == rows - 1) {
        sums.addTo(y, at + row - slot, slot + 1);
      }
    }
  }

  private static void scale(MemorySegment weights, long offset, int blocks, float[] scales) {
    for (int b = 0; b < blocks; b++, offset += BLOCK_BYTES) {
      FloatVector scale = FloatVector.broadcast(SPECIES, BlockDots.half(weights, offset + 208));
      for (int i = 0; i < SUB_BLOCKS; i += LANES) {
        BlockDots.signed(weights, offset + 192 + i)
            .mul(scale)
            .intoArray(scales, SUB_BLOCKS * b + i);
      }
    }
  }

  /// Leaves the lanes to be summed in `vectors`.
  private static void row(
      MemorySegment weights,
      long offset,
      float[] x,
      int from,
      int blocks,
      float[] scales,
      float[] vectors,
      int slot) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    for (int step = 0; step < blocks * 2 * STEPS; step++) {
      int half = step / STEPS;
      int j = step % STEPS * LANES;
      long block = offset + (half >> 1) * (long) BLOCK_BYTES;
      long lower = block + 64 * (half & 1) + j;
      IntVector first = BlockDots.unsigned(weights, lower);
      IntVector second = BlockDots.unsigned(weights, lower + 32);
      IntVector upper = BlockDots.unsigned(weights, block + 128 + 32 * (half & 1) + j);
      int at = from + 128 * half + j;
      int scale = 8 * half + (j >> 4);
      IntVector fives = upper.lanewise(VectorOperators.LSHL, 4);
      even = add(first.and(FIFTEEN), fives, x, at, scales, scale, even);
      fives = upper.lanewise(VectorOperators.LSHL, 2);
      odd = add(second.and(FIFTEEN), fives, x, at + 32, scales, scale + 2, odd);
      IntVector third = first.lanewise(VectorOperators.LSHR, 4);
      even = add(third, upper, x, at + 64, scales, scale + 4, even);
      IntVector fourth = second.lanewise(VectorOperators.LSHR, 4);
      fives = upper.lanewise(VectorOperators.LSHR, 2);
      odd = add(fourth, fives, x, at + 96, scales, scale + 6, odd);
    }
    even.add(odd).intoArray(vectors, slot);
  }

  /// Adds scale · (lower four bits, and bits 4 and 5 of `upper`, less 32) · x.
  private static FloatVector add(
      IntVector lower,
      IntVector upper,
      float[] x,
      int at,
      float[] scales,
      int scale,
      FloatVector sum) {
    return BlockDots.toFloats(lower.or(upper.and(UPPER)).sub(HALF))
        .mul(BlockDots.floats(x, at))
        .fma(FloatVector.broadcast(SPECIES, scales[scale]), sum);
  }
}
