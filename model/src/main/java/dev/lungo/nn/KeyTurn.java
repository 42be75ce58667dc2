package dev.lungo.nn;

import dev.lungo.kernel.PositionKernels.RotaryLayout;

/// Turns stored keys as if they stood at other positions. Rotary positions allow it, for turning by
/// p and then by -n is turning by p - n (arXiv:2104.09864); where a model turns nothing, there are
/// no angles and nothing to do.
public final class KeyTurn {
  /// For keys that hold no positions.
  public static final KeyTurn NONE = new KeyTurn(RotaryLayout.HALVES);

  private final RotaryLayout layout;
  private final double[] frequencies;

  /// @param frequencies the angle by which one position turns each pair
  public KeyTurn(RotaryLayout layout, double... frequencies) {
    this.layout = layout;
    this.frequencies = frequencies.clone();
  }

  /// Says whether nothing turns.
  boolean isNone() {
    return frequencies.length == 0;
  }

  /// Prepares to turn by some positions.
  Angles by(int positions) {
    int pairs = frequencies.length;
    float[] cosine = new float[pairs];
    float[] sine = new float[pairs];
    for (int i = 0; i < pairs; i++) {
      cosine[i] = (float) StrictMath.cos(positions * frequencies[i]);
      sine[i] = (float) StrictMath.sin(positions * frequencies[i]);
    }
    return new Angles(layout, cosine, sine);
  }

  /// The angles of a turn.
  record Angles(RotaryLayout layout, float[] cosine, float[] sine) {
    /// Turns each head of one position.
    ///
    /// @param keys (KV heads, D)
    void apply(float[] keys, int headDim) {
      int pairs = cosine.length;
      boolean interleaved = layout == RotaryLayout.INTERLEAVED;
      for (int head = 0; head < keys.length; head += headDim) {
        for (int i = 0; i < pairs; i++) {
          int first = head + (interleaved ? 2 * i : i);
          int second = interleaved ? first + 1 : first + pairs;
          float a = keys[first];
          float b = keys[second];
          keys[first] = a * cosine[i] - b * sine[i];
          keys[second] = a * sine[i] + b * cosine[i];
        }
      }
    }
  }
}
