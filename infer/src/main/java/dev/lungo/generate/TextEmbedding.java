package dev.lungo.generate;

import dev.lungo.tensor.DType;
import java.lang.foreign.ValueLayout;

/// One vector for a text: the hidden states after the final norm, pooled over all its tokens, those
/// that frame it included.
public final class TextEmbedding {
  private TextEmbedding() {}

  /// How many states become one.
  public enum Pooling {
    /// Their mean.
    MEAN,
    /// That of the last token, which alone has seen the whole text.
    LAST
  }

  static float[] of(TextGeneration model, String text, Pooling pooling, boolean normalized) {
    int[] ids = model.promptIds(text);
    double[] sum = new double[model.model().config().width()];
    try (Generator generator = model.generator(ids.length, 1, DType.FLOAT32)) {
      generator.read(
          ids,
          (first, states) -> {
            int rows = states.shape().dimension(0);
            for (int row = 0; row < rows; row++) {
              if (pooling == Pooling.MEAN || first + row == ids.length - 1) {
                for (int i = 0; i < sum.length; i++) {
                  sum[i] +=
                      states.data().getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * sum.length + i);
                }
              }
            }
          });
    }
    double scale = pooling == Pooling.MEAN ? 1.0 / ids.length : 1;
    if (normalized) {
      double squares = 0;
      for (double value : sum) {
        squares += value * value;
      }
      scale = squares == 0 ? 0 : 1 / Math.sqrt(squares);
    }
    float[] vector = new float[sum.length];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (sum[i] * scale);
    }
    return vector;
  }
}
