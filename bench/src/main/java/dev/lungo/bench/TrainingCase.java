package dev.lungo.bench;

import dev.lungo.model.LlamaConfig;

/// What one training step works on, the same for every contestant.
///
/// @param rotary whether queries and keys are turned by their positions
public record TrainingCase(
    int width,
    int layers,
    int heads,
    int context,
    int batch,
    int vocabulary,
    int feedForward,
    boolean rotary) {

  /// ε of the RMSNorms.
  public static final float NORM_EPSILON = 1e-5f;

  /// Base of the rotary angles.
  public static final float ROTARY_BASE = 10_000;

  /// The case that other figures are measured by: 6.4 million parameters, 2,048 tokens a step.
  static TrainingCase reference(boolean rotary) {
    return new TrainingCase(256, 6, 4, 256, 8, 4096, feedForward(256), rotary);
  }

  /// Returns the usual width of a SwiGLU layer, 8/3 of the model's, in multiples of 32.
  static int feedForward(int width) {
    return 8 * width / 3 / 32 * 32;
  }

  TrainingCase withVocabulary(int size) {
    return new TrainingCase(width, layers, heads, context, batch, size, feedForward, rotary);
  }

  public int tokens() {
    return batch * context;
  }

  public int headDim() {
    return width / heads;
  }

  /// Returns the words by which a child is told.
  String words() {
    return String.join(
        " ",
        Integer.toString(width),
        Integer.toString(layers),
        Integer.toString(heads),
        Integer.toString(context),
        Integer.toString(batch),
        Integer.toString(vocabulary),
        Integer.toString(feedForward),
        Boolean.toString(rotary));
  }

  /// Reads what [#words] wrote, from `words[first]` on.
  public static TrainingCase parse(String[] words, int first) {
    int[] numbers = new int[7];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Integer.parseInt(words[first + i]);
    }
    return new TrainingCase(
        numbers[0],
        numbers[1],
        numbers[2],
        numbers[3],
        numbers[4],
        numbers[5],
        numbers[6],
        Boolean.parseBoolean(words[first + numbers.length]));
  }

  /// Returns the same as a model of ours, which always has rotary positions.
  LlamaConfig config() {
    return new LlamaConfig(
        vocabulary,
        width,
        layers,
        heads,
        heads,
        headDim(),
        feedForward,
        context,
        NORM_EPSILON,
        ROTARY_BASE,
        false);
  }
}
