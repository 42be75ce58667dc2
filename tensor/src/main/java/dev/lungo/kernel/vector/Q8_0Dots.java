package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Dot products with rows of Q8_0 ([dev.lungo.quant.Q8_0]).
final class Q8_0Dots {
  private static final int BLOCK_BYTES = 34;

  private Q8_0Dots() {}

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
      y[at + row] = row(weights, offset, x.values(), x.from(), x.length(), scratch.lanes);
    }
  }

  /// Computes one dot product.
  private static float row(
      MemorySegment weights, long offset, float[] x, int from, int k, float[] lanes) {
    // Two sums: a block's is added in fewer cycles than an addition takes.
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i <= k - 64; i += 64) {
      long block = offset + (i >> 5) * (long) BLOCK_BYTES;
      even = BlockSumLanes.block(weights, block, x, from + i, even);
      odd = BlockSumLanes.block(weights, block + BLOCK_BYTES, x, from + i + 32, odd);
    }
    if (i < k) {
      even =
          BlockSumLanes.block(weights, offset + (i >> 5) * (long) BLOCK_BYTES, x, from + i, even);
    }
    return Lanes.sum(even.add(odd), lanes);
  }

  /// What a block adds to the sum.
  private static final class BlockSumLanes {
    static FloatVector block(MemorySegment weights, long block, float[] x, int i, FloatVector sum) {
      FloatVector products = BlockLanes.signed(weights, block + 2).mul(Lanes.get(x, i));
      if (LANES == 16) {
        products = BlockLanes.signed(weights, block + 18).fma(Lanes.get(x, i + 16), products);
      } else {
        products = BlockLanes.signed(weights, block + 10).fma(Lanes.get(x, i + 8), products);
        products = BlockLanes.signed(weights, block + 18).fma(Lanes.get(x, i + 16), products);
        products = BlockLanes.signed(weights, block + 26).fma(Lanes.get(x, i + 24), products);
      }
      return products.fma(FloatVector.broadcast(SPECIES, BlockDots.half(weights, block)), sum);
    }
  }
}
