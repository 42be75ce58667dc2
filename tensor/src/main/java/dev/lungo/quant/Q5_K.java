package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// 256 numbers in 176 bytes: as [Q4_K], with the fifth bits of all values in 32 bytes before them:
/// bit i of byte j belongs to number j of sub-block i.
public final class Q5_K implements BlockFormat {
  @Override
  public int blockElements() {
    return 256;
  }

  @Override
  public int blockBytes() {
    return 176;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    float minimum = BlockFormat.half(source, offset + 2);
    for (int i = 0; i < 8; i += 2) {
      long bytes = offset + 48 + 16L * i;
      float lowScale = scale * SubBlockScales.scale(source, offset + 4, i);
      float lowMinimum = minimum * SubBlockScales.minimum(source, offset + 4, i);
      float highScale = scale * SubBlockScales.scale(source, offset + 4, i + 1);
      float highMinimum = minimum * SubBlockScales.minimum(source, offset + 4, i + 1);
      int low = at + 32 * i;
      for (int j = 0; j < 32; j++) {
        int pair = BlockFormat.unsigned(source, bytes + j);
        int fifth = BlockFormat.unsigned(source, offset + 16 + j) >> i;
        target[low + j] = lowScale * (pair & 15 | (fifth & 1) << 4) - lowMinimum;
        target[low + 32 + j] = highScale * (pair >> 4 | (fifth & 2) << 3) - highMinimum;
      }
    }
  }

  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    AffineFit fit = AffineFit.of(source, at, 31);
    fit.writeScales(target, offset);
    int[] values = fit.values();
    for (int j = 0; j < 32; j++) {
      int fifth = 0;
      for (int i = 0; i < 8; i++) {
        fifth |= values[32 * i + j] >> 4 << i;
      }
      BlockFormat.putByte(target, offset + 16 + j, fifth);
    }
    for (int i = 0; i < 256; i += 64) {
      for (int j = i; j < i + 32; j++) {
        BlockFormat.putByte(
            target, offset + 48 + i / 2 + j - i, values[j] & 15 | (values[j + 32] & 15) << 4);
      }
    }
  }
}
