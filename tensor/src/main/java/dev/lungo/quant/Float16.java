package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// IEEE 754 half precision; a block is one number.
public final class Float16 implements BlockFormat {
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
    target[at] = BlockFormat.half(source, offset);
  }

  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    BlockFormat.putHalf(target, offset, source[at]);
  }
}
