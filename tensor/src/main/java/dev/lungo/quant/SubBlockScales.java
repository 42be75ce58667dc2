package dev.lungo.quant;

import java.lang.foreign.MemorySegment;

/// The scales and minima of eight sub-blocks of 32 numbers, six bits each in 12 bytes.
///
/// Bytes 0–3 hold the scales of sub-blocks 0–3 and bytes 4–7 their minima, in the lower six bits.
/// Bytes 8–11 hold the lower four bits of the scales (low) and minima (high) of sub-blocks 4–7,
/// whose upper two bits are those of bytes 0–3 and 4–7.
public final class SubBlockScales {
  private SubBlockScales() {}

  /// Returns the scale of sub-block `i`.
  public static int scale(MemorySegment source, long offset, int i) {
    if (i < 4) {
      return BlockFormat.unsigned(source, offset + i) & 63;
    }
    return BlockFormat.unsigned(source, offset + i + 4) & 15
        | BlockFormat.unsigned(source, offset + i - 4) >> 6 << 4;
  }

  /// Returns the minimum of sub-block `i`.
  public static int minimum(MemorySegment source, long offset, int i) {
    if (i < 4) {
      return BlockFormat.unsigned(source, offset + i + 4) & 63;
    }
    return BlockFormat.unsigned(source, offset + i + 4) >> 4
        | BlockFormat.unsigned(source, offset + i) >> 6 << 4;
  }

  /// Writes the scales and minima of all eight sub-blocks, each from 0 to 63.
  static void write(MemorySegment target, long offset, int[] scales, int[] minima) {
    for (int i = 0; i < 4; i++) {
      BlockFormat.putByte(target, offset + i, scales[i] | scales[i + 4] >> 4 << 6);
      BlockFormat.putByte(target, offset + 4 + i, minima[i] | minima[i + 4] >> 4 << 6);
      BlockFormat.putByte(target, offset + 8 + i, scales[i + 4] & 15 | (minima[i + 4] & 15) << 4);
    }
  }
}
