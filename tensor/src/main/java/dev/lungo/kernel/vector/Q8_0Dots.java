package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;

/// Dot products with rows of Q8_0 ([dev.lungo.quant.Q8_0]). The input is x as it is.
final class Q8_0Dots implements BlockDots {
  static final Q8_0Dots DOTS = new Q8_0Dots();

  private static final int BLOCK_BYTES = 34;
  private static final int INPUT_BYTES = 128;

  private Q8_0Dots() {}

  @Override
  public void row(long weights, long input, int blocks, long room, float[] lanes, int at) {
    // Two sums: a block's is added in fewer cycles than an addition takes.
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    int w = 0;
    int x = 0;
    // Two counters: with one, the compiler multiplies for each address.
    for (int last = (blocks - 1) * BLOCK_BYTES; w < last; w += 2 * BLOCK_BYTES) {
      long block = NativeMemory.within(weights + w);
      long by = NativeMemory.within(input + x);
      even = BlockSumLanes.add(block, by, even);
      odd = BlockSumLanes.add(block + BLOCK_BYTES, by + INPUT_BYTES, odd);
      x += 2 * INPUT_BYTES;
    }
    if (w < blocks * BLOCK_BYTES) {
      long block = NativeMemory.within(weights + w);
      even = BlockSumLanes.add(block, NativeMemory.within(input + x), even);
    }
    even.add(odd).intoArray(lanes, at);
  }

  /// What a block adds to the sum.
  private static final class BlockSumLanes {
    static FloatVector add(long w, long x, FloatVector sum) {
      FloatVector products = BlockLanes.signed(w + 2).mul(Lanes.floats(x));
      if (LANES == 16) {
        products = BlockLanes.signed(w + 18).fma(Lanes.floats(x + 64), products);
      } else {
        products = BlockLanes.signed(w + 10).fma(Lanes.floats(x + 32), products);
        products = BlockLanes.signed(w + 18).fma(Lanes.floats(x + 64), products);
        products = BlockLanes.signed(w + 26).fma(Lanes.floats(x + 96), products);
      }
      return products.fma(BlockLanes.halves(w), sum);
    }
  }
}
