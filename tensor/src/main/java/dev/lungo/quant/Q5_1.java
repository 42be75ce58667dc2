package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// 32 numbers in 24 bytes: half-precision scale d and minimum m, the fifth bits of 32 values q, and
/// their lower four bits as in [Q4_0]; a number is d·q + m.
public final class Q5_1 implements BlockFormat {
  @Override
  public int blockElements() {
    return 32;
  }

  @Override
  public int blockBytes() {
    return 24;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    float minimum = BlockFormat.half(source, offset + 2);
    int fifth = source.get(Layouts.INT, offset + 4);
    for (int i = 0; i < 16; i++) {
      int pair = BlockFormat.unsigned(source, offset + 8 + i);
      target[at + i] = scale * (pair & 15 | (fifth >>> i & 1) << 4) + minimum;
      target[at + 16 + i] = scale * (pair >> 4 | (fifth >>> i + 16 & 1) << 4) + minimum;
    }
  }
}
