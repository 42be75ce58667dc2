package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import jdk.incubator.vector.FloatVector;

/// Dot products with rows of float16 ([dev.lungo.quant.Float16]). The input is x as it is.
final class Float16Dots implements BlockDots {
  static final Float16Dots DOTS = new Float16Dots();

  private Float16Dots() {}

  @Override
  public void row(long weights, long input, int blocks, long room, float[] lanes, int at) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i <= blocks - 2 * LANES; i += 2 * LANES) {
      long w = NativeMemory.within(weights + 2L * i);
      long x = NativeMemory.within(input + 4L * i);
      even = BlockLanes.halfFloats(w).fma(Lanes.floats(x), even);
      odd = BlockLanes.halfFloats(w + 2 * LANES).fma(Lanes.floats(x + 4 * LANES), odd);
    }
    even.add(odd).intoArray(lanes, at);
    for (; i < blocks; i++) {
      long w = NativeMemory.within(weights + 2L * i);
      float x = NativeMemory.getFloat(NativeMemory.within(input + 4L * i));
      lanes[at] = Math.fma(NativeMemory.half(w), x, lanes[at]);
    }
  }
}
