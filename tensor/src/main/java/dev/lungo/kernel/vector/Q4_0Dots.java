package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Dot products with rows of Q4_0 ([dev.lungo.quant.Q4_0]): the values 0 to 15 are multiplied, and
/// the 8 that each is too large by is taken off a block's sum of x.
final class Q4_0Dots {
  private static final int BLOCK_BYTES = 18;

  private Q4_0Dots() {}

  /// Computes y[at + r] for `rows` rows that follow each other from byte `offset`.
  static void rows(
      MemorySegment weights,
      long offset,
      int rows,
      BlockDots.Input x,
      BlockDots.Scratch scratch,
      float[] y,
      int at) {
    long rowBytes = x.length() / BlockDots.BLOCK * (long) BLOCK_BYTES;
    for (int row = 0; row < rows; row++, offset += rowBytes) {
      y[at + row] = row(weights, offset, x.values(), x.from(), x.sums(), x.length(), scratch.lanes);
    }
  }

  /// Computes one dot product.
  private static float row(
      MemorySegment weights, long offset, float[] x, int from, float[] sums, int k, float[] lanes) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    float evenSum = 0;
    float oddSum = 0;
    int i = 0;
    int z = from >> 5;
    for (; i <= k - 64; i += 64, z += 2) {
      long block = offset + (i >> 5) * (long) BLOCK_BYTES;
      float scale = BlockDots.half(weights, block);
      even = BlockSumLanes.block(weights, block, scale, x, from + i, even);
      evenSum = Math.fma(scale, sums[z], evenSum);
      scale = BlockDots.half(weights, block + BLOCK_BYTES);
      odd = BlockSumLanes.block(weights, block + BLOCK_BYTES, scale, x, from + i + 32, odd);
      oddSum = Math.fma(scale, sums[z + 1], oddSum);
    }
    if (i < k) {
      long block = offset + (i >> 5) * (long) BLOCK_BYTES;
      float scale = BlockDots.half(weights, block);
      even = BlockSumLanes.block(weights, block, scale, x, from + i, even);
      evenSum = Math.fma(scale, sums[z], evenSum);
    }
    return Lanes.sum(even.add(odd), lanes) - 8 * (evenSum + oddSum);
  }

  /// What a block adds to the sum.
  private static final class BlockSumLanes {
    static FloatVector block(
        MemorySegment weights, long block, float scale, float[] x, int i, FloatVector sum) {
      IntVector pairs = BlockLanes.unsigned(weights, block + 2);
      FloatVector products = BlockLanes.low(pairs).mul(Lanes.get(x, i));
      products = BlockLanes.high(pairs).fma(Lanes.get(x, i + 16), products);
      if (LANES == 8) {
        pairs = BlockLanes.unsigned(weights, block + 10);
        products = BlockLanes.low(pairs).fma(Lanes.get(x, i + 8), products);
        products = BlockLanes.high(pairs).fma(Lanes.get(x, i + 24), products);
      }
      return products.fma(FloatVector.broadcast(SPECIES, scale), sum);
    }
  }
}
