package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// 256 numbers in 144 bytes: half-precision d and m, scales s and minima t of eight sub-blocks
/// ([SubBlockScales]), and values q of four bits: of each 32 bytes the low halves are one
/// sub-block, the high halves the next. A number is d·s·q - m·t.
public final class Q4_K implements BlockFormat {
  @Override
  public int blockElements() {
    return 256;
  }

  @Override
  public int blockBytes() {
    return 144;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset);
    float minimum = BlockFormat.half(source, offset + 2);
    for (int i = 0; i < 8; i += 2) {
      long bytes = offset + 16 + 16L * i;
      float lowScale = scale * SubBlockScales.scale(source, offset + 4, i);
      float lowMinimum = minimum * SubBlockScales.minimum(source, offset + 4, i);
      float highScale = scale * SubBlockScales.scale(source, offset + 4, i + 1);
      float highMinimum = minimum * SubBlockScales.minimum(source, offset + 4, i + 1);
      int low = at + 32 * i;
      for (int j = 0; j < 32; j++) {
        int pair = BlockFormat.unsigned(source, bytes + j);
        target[low + j] = lowScale * (pair & 15) - lowMinimum;
        target[low + 32 + j] = highScale * (pair >> 4) - highMinimum;
      }
    }
  }

  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    AffineFit fit = AffineFit.of(source, at, 15);
    fit.writeScales(target, offset);
    int[] values = fit.values();
    for (int i = 0; i < 256; i += 64) {
      for (int j = i; j < i + 32; j++) {
        BlockFormat.putByte(target, offset + 16 + i / 2 + j - i, values[j] | values[j + 32] << 4);
      }
    }
  }
}
