package dev.lungo.nn;

/// The fixed positions of the first Transformer (Vaswani et al. 2017, arXiv:1706.03762): PE(p, 2i)
/// = sin(p / 10000^(2i/C)) and PE(p, 2i+1) = cos of the same.
public final class Sinusoids {
  private static final double BASE = 10_000;

  private Sinusoids() {}

  /// Computes the vectors of positions 0 to `positions` - 1.
  ///
  /// @param width C
  /// @return (positions, C), row by row
  public static float[] table(int positions, int width) {
    float[] table = new float[Math.multiplyExact(positions, width)];
    for (int i = 0; i < width; i += 2) {
      double frequency = StrictMath.pow(BASE, -(double) i / width);
      for (int position = 0; position < positions; position++) {
        table[position * width + i] = (float) StrictMath.sin(position * frequency);
        if (i + 1 < width) {
          table[position * width + i + 1] = (float) StrictMath.cos(position * frequency);
        }
      }
    }
    return table;
  }
}
