package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// 32 numbers in 22 bytes: a half-precision scale d, the fifth bits of 32 values q, and their lower
/// four bits as in [Q4_0]; a number is d·(q - 16).
public final class Q5_0 implements BlockFormat {
  @Override
  public int blockElements() {
    return 32;
  }

  @Override
  public int blockBytes() {
    return 22;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    int fifth = source.get(Layouts.INT, offset + 2);
    for (int i = 0; i < 16; i++) {
      int pair = BlockFormat.unsigned(source, offset + 6 + i);
      target[at + i] = scale * ((pair & 15 | (fifth >>> i & 1) << 4) - 16);
      target[at + 16 + i] = scale * ((pair >> 4 | (fifth >>> i + 16 & 1) << 4) - 16);
    }
  }

  /// The number of the largest size becomes -16, as -8 in [Q4_0].
  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    float scale = BlockFormat.largest(source, at, 32) / -16;
    float inverse = BlockFormat.inverse(scale);
    BlockFormat.putHalf(target, offset, scale);
    int fifth = 0;
    for (int i = 0; i < 16; i++) {
      int low = Math.min(31, (int) (source[at + i] * inverse + 16.5f));
      int high = Math.min(31, (int) (source[at + 16 + i] * inverse + 16.5f));
      BlockFormat.putByte(target, offset + 6 + i, low & 15 | (high & 15) << 4);
      fifth |= low >> 4 << i | high >> 4 << i + 16;
    }
    target.set(Layouts.INT, offset + 2, fifth);
  }
}
