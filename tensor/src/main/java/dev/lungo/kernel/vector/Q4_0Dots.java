package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products with rows of Q4_0 ([dev.lungo.quant.Q4_0]).
///
/// A byte less 0x88 is b = 16·h + l, a number h for the second half of x and a number l for the
/// first: l·x + h·y = b·x + h·(y - 16·x). So l need not be cut out: the input of a block is x of
/// the first half, and y - 16·x.
final class Q4_0Dots implements BlockDots {
  static final Q4_0Dots DOTS = new Q4_0Dots();

  private static final int BLOCK_BYTES = 18;
  private static final int INPUT_BYTES = 128;

  private Q4_0Dots() {}

  @Override
  public void prepare(float[] x, int from, int count, float[] input, int at) {
    for (int block = 0; block < count / 32; block++) {
      prepareBlock(x, from + block * 32, input, at + block * 32);
    }
  }

  private static void prepareBlock(float[] x, int from, float[] input, int at) {
    for (int i = 0; i < 16; i++) {
      float first = x[from + i];
      float second = x[from + 16 + i];
      input[at + i] = first;
      input[at + 16 + i] = second - 16 * first;
    }
  }

  @Override
  public void row(long weights, long input, int blocks, long room, float[] lanes, int at) {
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
    /// What a byte is too large by, 8 in both halves, and its upper half alone.
    private static final IntVector LESS_BOTH = IntVector.broadcast(BlockLanes.INTS, -0x88);

    private static final IntVector LESS_UPPER = IntVector.broadcast(BlockLanes.INTS, -8);

    static FloatVector add(long w, long x, FloatVector sum) {
      FloatVector products = products(w + 2, x);
      if (LANES == 8) {
        products = products.add(products(w + 10, x + 32));
      }
      return products.fma(BlockLanes.halves(w), sum);
    }

    static FloatVector products(long w, long x) {
      IntVector pairs = BlockLanes.unsigned(w);
      FloatVector both = BlockLanes.toFloats(pairs.add(LESS_BOTH));
      IntVector upper = pairs.lanewise(VectorOperators.LSHR, 4).add(LESS_UPPER);
      return BlockLanes.toFloats(upper).fma(Lanes.floats(x + 64), both.mul(Lanes.floats(x)));
    }
  }
}
