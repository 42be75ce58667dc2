package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// 32 numbers in 20 bytes: half-precision scale d and minimum m, and 32 values q of four bits as in
/// [Q4_0]; a number is d·q + m.
public final class Q4_1 implements BlockFormat {
  @Override
  public int blockElements() {
    return 32;
  }

  @Override
  public int blockBytes() {
    return 20;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    float minimum = BlockFormat.half(source, offset + 2);
    for (int i = 0; i < 16; i++) {
      int pair = BlockFormat.unsigned(source, offset + 4 + i);
      target[at + i] = scale * (pair & 15) + minimum;
      target[at + 16 + i] = scale * (pair >> 4) + minimum;
    }
  }

  /// The smallest number becomes 0, the largest 15.
  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    float smallest = source[at];
    float largest = source[at];
    for (int i = at + 1; i < at + 32; i++) {
      smallest = Math.min(smallest, source[i]);
      largest = Math.max(largest, source[i]);
    }
    float scale = (largest - smallest) / 15;
    float inverse = BlockFormat.inverse(scale);
    BlockFormat.putHalf(target, offset, scale);
    BlockFormat.putHalf(target, offset + 2, smallest);
    for (int i = 0; i < 16; i++) {
      int low = Math.min(15, (int) ((source[at + i] - smallest) * inverse + 0.5f));
      int high = Math.min(15, (int) ((source[at + 16 + i] - smallest) * inverse + 0.5f));
      BlockFormat.putByte(target, offset + 4 + i, low | high << 4);
    }
  }
}
