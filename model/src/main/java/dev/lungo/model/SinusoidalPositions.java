package dev.lungo.model;

import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;

/// Sinusoidal positions (arXiv:1706.03762, section 3.5): a fixed vector for each position, of sines
/// and cosines whose wavelengths grow from 2π to 10000·2π.
public enum SinusoidalPositions {
  /// The paper's: PE(p, 2i) = sin(p / 10000^(2i/d)), PE(p, 2i+1) = cos, and the first position is
  /// 0.
  INTERLEAVED,
  /// OpenNMT's and Tensor2Tensor's: all sines, then all cosines, of p · 10000^(-i/(d/2 - 1)), and
  /// the first position is 1.
  HALVES_FROM_ONE;

  private static final double LONGEST = 10_000;

  /// Computes the vectors of the first positions.
  ///
  /// @param width C, even and above 2
  /// @return (positions, C)
  public Tensor table(Workspace workspace, int positions, int width) {
    float[] table = new float[Math.multiplyExact(positions, width)];
    for (int position = 0; position < positions; position++) {
      for (int i = 0; i < width / 2; i++) {
        int row = position * width;
        switch (this) {
          case INTERLEAVED -> {
            double angle = position / StrictMath.pow(LONGEST, 2.0 * i / width);
            table[row + 2 * i] = (float) StrictMath.sin(angle);
            table[row + 2 * i + 1] = (float) StrictMath.cos(angle);
          }
          case HALVES_FROM_ONE -> {
            double angle = (position + 1) * StrictMath.pow(LONGEST, -i / (width / 2 - 1.0));
            table[row + i] = (float) StrictMath.sin(angle);
            table[row + width / 2 + i] = (float) StrictMath.cos(angle);
          }
        }
      }
    }
    return workspace.allocate(positions, width).set(table);
  }
}
