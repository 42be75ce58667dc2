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

  /// Rounds to the nearest, of two equally near to the even one.
  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    int bits = Float.floatToRawIntBits(source[at]);
    int rounded = bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    if ((rounded & 0x7f80) == 0x7f80) {
      throw new IllegalArgumentException(source[at] + " rounds to infinity in bf16; use f32");
    }
    target.set(Layouts.SHORT, offset, (short) rounded);
  }
}
