package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products with rows of Q5_0 ([dev.lungo.quant.Q5_0]). Numbers are multiplied as 0 to 31; the
/// 16 that each is too large by is taken off the sums' start: the input of a block is the first
/// half of x, the second, and -16 times what they are together.
final class Q5_0Dots implements BlockDots {
  static final Q5_0Dots DOTS = new Q5_0Dots();

  private static final int BLOCK_BYTES = 22;
  private static final int INPUT_LENGTH = 48;
  private static final int INPUT_BYTES = INPUT_LENGTH * Float.BYTES;

  private Q5_0Dots() {}

  @Override
  public int inputLength(int count) {
    return count / 32 * INPUT_LENGTH;
  }

  @Override
  public void prepare(float[] x, int from, int count, float[] input, int at) {
    for (int block = 0; block < count / 32; block++) {
      prepareBlock(x, from + block * 32, input, at + block * INPUT_LENGTH);
    }
  }

  private static void prepareBlock(float[] x, int from, float[] input, int at) {
    for (int i = 0; i < 16; i++) {
      input[at + i] = x[from + i];
      input[at + 16 + i] = x[from + 16 + i];
      input[at + 32 + i] = -16 * (x[from + i] + x[from + 16 + i]);
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
    static FloatVector add(long w, long x, FloatVector sum) {
      int fifth = NativeMemory.getInt(w + 2);
      FloatVector products = products(w + 6, fifth, x);
      if (LANES == 8) {
        products = products.add(products(w + 14, fifth >>> 8, x + 32));
      }
      return products.fma(BlockLanes.halves(w), sum);
    }

    static FloatVector products(long w, int fifth, long x) {
      IntVector pairs = BlockLanes.unsigned(w);
      FloatVector low = BlockLanes.toFloats(BlockLanes.withFifth(pairs.and(15), fifth));
      IntVector upper = pairs.lanewise(VectorOperators.LSHR, 4);
      FloatVector high = BlockLanes.toFloats(BlockLanes.withFifth(upper, fifth >>> 16));
      return high.fma(Lanes.floats(x + 64), low.fma(Lanes.floats(x), Lanes.floats(x + 128)));
    }
  }
}
