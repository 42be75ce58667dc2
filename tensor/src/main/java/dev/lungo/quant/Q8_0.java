package dev.lungo.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// 32 numbers in 34 bytes: a half-precision scale d and 32 signed bytes q; a number is d·q.
public final class Q8_0 implements BlockFormat {
  @Override
  public int blockElements() {
    return 32;
  }

  @Override
  public int blockBytes() {
    return 34;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    for (int i = 0; i < 32; i++) {
      target[at + i] = scale * source.get(ValueLayout.JAVA_BYTE, offset + 2 + i);
    }
  }

  /// The number of the largest size becomes 127 or -127.
  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    float scale = Math.abs(BlockFormat.largest(source, at, 32)) / 127;
    float inverse = BlockFormat.inverse(scale);
    BlockFormat.putHalf(target, offset, scale);
    for (int i = 0; i < 32; i++) {
      double value = source[at + i] * inverse;
      // Halves go away from zero.
      BlockFormat.putByte(target, offset + 2 + i, (int) (value + (value < 0 ? -0.5 : 0.5)));
    }
  }
}
