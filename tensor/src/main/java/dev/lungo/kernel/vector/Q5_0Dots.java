package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products with rows of Q5_0 ([dev.lungo.quant.Q5_0]): the values 0 to 31 are multiplied, and
/// the 16 that each is too large by is taken off a block's sum of x.
final class Q5_0Dots {
  private static final int BLOCK_BYTES = 22;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Q5_0Dots() {}

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
    FloatVector sum = FloatVector.zero(SPECIES);
    float offsets = 0;
    for (int i = 0; i < k; i += BlockDots.BLOCK) {
      long block = offset + (i >> 5) * (long) BLOCK_BYTES;
      float scale = BlockDots.half(weights, block);
      int fifth = Lanes.natively(weights).get(INT, block + 2);
      sum =
          BlockSumLanes.products(weights, block + 6, fifth, x, from + i)
              .fma(FloatVector.broadcast(SPECIES, scale), sum);
      offsets = Math.fma(scale, sums[(from + i) >> 5], offsets);
    }
    return Lanes.sum(sum, lanes) - 16 * offsets;
  }

  /// What a block adds to the sum.
  private static final class BlockSumLanes {
    /// The number of each lane: the fifth bits of a block are one int, a bit a number.
    private static final IntVector LANE = IntVector.zero(BlockLanes.INTS).addIndex(1);

    static FloatVector products(MemorySegment weights, long bytes, int fifth, float[] x, int i) {
      IntVector pairs = BlockLanes.unsigned(weights, bytes);
      FloatVector products = low(pairs, fifth).mul(Lanes.get(x, i));
      products = high(pairs, fifth >>> 16).fma(Lanes.get(x, i + 16), products);
      if (LANES == 8) {
        pairs = BlockLanes.unsigned(weights, bytes + 8);
        products = low(pairs, fifth >>> 8).fma(Lanes.get(x, i + 8), products);
        products = high(pairs, fifth >>> 24).fma(Lanes.get(x, i + 24), products);
      }
      return products;
    }

    static FloatVector low(IntVector pairs, int fifth) {
      return BlockLanes.toFloats(pairs.and(15).or(sixteens(fifth)));
    }

    static FloatVector high(IntVector pairs, int fifth) {
      return BlockLanes.toFloats(pairs.lanewise(VectorOperators.LSHR, 4).or(sixteens(fifth)));
    }

    /// Returns 16 where the lane's bit is set.
    static IntVector sixteens(int bits) {
      return IntVector.broadcast(BlockLanes.INTS, bits)
          .lanewise(VectorOperators.LSHR, LANE)
          .and(1)
          .lanewise(VectorOperators.LSHL, 4);
    }
  }
}
