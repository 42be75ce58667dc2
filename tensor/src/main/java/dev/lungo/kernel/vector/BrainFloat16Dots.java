package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;

/// Dot products with rows of bfloat16 ([dev.lungo.quant.BrainFloat16]). The input is x as it is.
final class BrainFloat16Dots implements BlockDots {
  static final BrainFloat16Dots DOTS = new BrainFloat16Dots();

  private BrainFloat16Dots() {}

  @Override
  public void row(long weights, long input, int blocks, long room, float[] lanes, int at) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i <= blocks - 2 * LANES; i += 2 * LANES) {
      long w = NativeMemory.within(weights + 2L * i);
      long x = NativeMemory.within(input + 4L * i);
      even = BlockLanes.brainFloats(w).fma(Lanes.floats(x), even);
      odd = BlockLanes.brainFloats(w + 2 * LANES).fma(Lanes.floats(x + 4 * LANES), odd);
    }
    even.add(odd).intoArray(lanes, at);
    for (; i < blocks; i++) {
      long w = NativeMemory.within(weights + 2L * i);
      float x = NativeMemory.getFloat(NativeMemory.within(input + 4L * i));
      lanes[at] = Math.fma(NativeMemory.brainFloat(w), x, lanes[at]);
    }
  }
}
