package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// 32 numbers in 18 bytes: a half-precision scale d and 32 values q of four bits, of which a byte
/// holds the i-th (low) and the (i+16)-th; a number is d·(q - 8).
public final class Q4_0 implements BlockFormat {
  @Override
  public int blockElements() {
    return 32;
  }

  @Override
  public int blockBytes() {
    return 18;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    for (int i = 0; i < 16; i++) {
      int pair = BlockFormat.unsigned(source, offset + 2 + i);
      target[at + i] = scale * ((pair & 15) - 8);
      target[at + 16 + i] = scale * ((pair >> 4) - 8);
    }
  }

  /// The number of the largest size becomes -8, the value that has no counterpart, so that no value
  /// is wasted.
  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    float scale = BlockFormat.largest(source, at, 32) / -8;
    float inverse = BlockFormat.inverse(scale);
    BlockFormat.putHalf(target, offset, scale);
    for (int i = 0; i < 16; i++) {
      int low = Math.min(15, (int) (source[at + i] * inverse + 8.5f));
      int high = Math.min(15, (int) (source[at + 16 + i] * inverse + 8.5f));
      BlockFormat.putByte(target, offset + 2 + i, low | high << 4);
    }
  }
}
