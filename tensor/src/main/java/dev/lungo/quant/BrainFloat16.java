package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// The upper half of a float32; a block is one number.
public final class BrainFloat16 implements BlockFormat {
  @Override
  public int blockElements() {
    return 1;
  }

  @Override
  public int blockBytes() {
    return 2;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    target[at] = Float.intBitsToFloat(source.get(Layouts.SHORT, offset) << 16);
  }
}
