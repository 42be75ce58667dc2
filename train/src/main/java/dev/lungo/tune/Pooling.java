package dev.lungo.tune;

import dev.lungo.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.OptionalInt;

/// How the states of a text's tokens become one vector.
///
/// @param name `last` takes the state of the last token, which alone has seen the whole text;
///   `mean` takes the mean; the name of a special token takes its state after the text
public record Pooling(String name) {
  public static final Pooling LAST = new Pooling("last");
  public static final Pooling MEAN = new Pooling("mean");

  /// Returns the id that is put after each text, if there is one.
  ///
  /// @throws IllegalArgumentException if the tokenizer has no such token
  OptionalInt token(Tokenizer tokenizer) {
    if (equals(LAST) || equals(MEAN)) {
      return OptionalInt.empty();
    }
    OptionalInt id = tokenizer.idOf(name);
    if (id.isEmpty()) {
      throw new IllegalArgumentException(
          "--pooling is last, mean, or a special token of the model's tokenizer, which has no "
              + name);
    }
    return id;
  }

  /// Writes the weights of a text's positions, of which there may be more than it has tokens.
  void weigh(int tokens, float[] weights) {
    Arrays.fill(weights, 0);
    if (equals(MEAN)) {
      Arrays.fill(weights, 0, tokens, 1f / tokens);
    } else {
      weights[tokens - 1] = 1;
    }
  }
}
