package dev.lungo.quant;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// 256 numbers in 210 bytes: the lower four bits of values q, their upper two bits, signed scales s
/// of 16 sub-blocks of 16, and a half-precision d; a number is d·s·(q - 32).
///
/// Each half of the block has 64 bytes of lower bits and 32 of upper ones. Lower byte j holds
/// numbers j (low) and j + 64 (high); upper byte j holds, two bits each, numbers j, j + 32, j + 64
/// and j + 96.
public final class Q6_K implements BlockFormat {
  @Override
  public int blockElements() {
    return 256;
  }

  @Override
  public int blockBytes() {
    return 210;
  }

  @Override
  public void decode(MemorySegment source, long offset, float[] target, int at) {
    float scale = BlockFormat.half(source, offset + 208);
    for (int half = 0; half < 2; half++) {
      long lower = offset + 64L * half;
      long upper = offset + 128 + 32L * half;
      long scales = offset + 192 + 8L * half;
      for (int quarter = 0; quarter < 4; quarter++) {
        long bytes = lower + quarter % 2 * 32;
        int shift = quarter / 2 * 4;
        int first = at + 128 * half + 32 * quarter;
        for (int j = 0; j < 32; j++) {
          int value =
              BlockFormat.unsigned(source, bytes + j) >> shift & 15
                  | (BlockFormat.unsigned(source, upper + j) >> 2 * quarter & 3) << 4;
          int subScale = source.get(ValueLayout.JAVA_BYTE, scales + 2 * quarter + j / 16);
          target[first + j] = scale * subScale * (value - 32);
        }
      }
    }
  }

  @Override
  public void encode(float[] source, int at, MemorySegment target, long offset) {
    SymmetricFit fit = SymmetricFit.of(source, at);
    BlockFormat.putHalf(target, offset + 208, fit.scale());
    for (int i = 0; i < 16; i++) {
      BlockFormat.putByte(target, offset + 192 + i, fit.subScales()[i]);
    }
    int[] values = fit.values();
    for (int half = 0; half < 2; half++) {
      for (int j = 0; j < 32; j++) {
        int from = 128 * half + j;
        int first = values[from] + 32;
        int second = values[from + 32] + 32;
        int third = values[from + 64] + 32;
        int fourth = values[from + 96] + 32;
        long lower = offset + 64L * half + j;
        BlockFormat.putByte(target, lower, first & 15 | (third & 15) << 4);
        BlockFormat.putByte(target, lower + 32, second & 15 | (fourth & 15) << 4);
        BlockFormat.putByte(
            target,
            offset + 128 + 32L * half + j,
            first >> 4 | second >> 4 << 2 | third >> 4 << 4 | fourth >> 4 << 6);
      }
    }
  }
}
