package dev.lungo.model;

import dev.lungo.kernel.RecurrentKernels.Cell;

/// The sizes of a recurrent language model: an Elman network, LSTM or GRU.
///
/// @param width of the token vectors and of every state
/// @param dropout share of the numbers that are dropped between layers in training
/// @param truncation the most steps that gradients go back in training; 0 is all of the context
public record RecurrentConfig(
    Cell cell,
    int vocabulary,
    int width,
    int layers,
    int context,
    float dropout,
    int truncation,
    boolean tiedEmbeddings)
    implements ModelConfig {

  public RecurrentConfig {
    ModelConfig.check(vocabulary, width, layers, 1, 1, width, width, context);
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("dropout must be in [0, 1), but is " + dropout);
    }
    if (truncation < 0) {
      throw new IllegalArgumentException("truncation must not be negative, but is " + truncation);
    }
  }

  /// Returns 1: there is no attention, and a state is kept where others keep the keys of one head.
  @Override
  public int heads() {
    return 1;
  }

  @Override
  public int kvHeads() {
    return 1;
  }

  @Override
  public int headDim() {
    return width;
  }

  /// Returns the width: there are no feed-forward layers.
  @Override
  public int feedForward() {
    return width;
  }

  /// Counts the numbers of one layer's matrices: input and state, for each gate.
  public long matricesPerLayer() {
    return 2L * cell.gates() * width * width;
  }

  /// Counts the biases of one layer.
  public long biasesPerLayer() {
    return (cell.gates() + (cell == Cell.GRU ? 1L : 0)) * width;
  }

  /// Returns the cells' name in files and on the command line.
  public static String name(Cell cell) {
    return switch (cell) {
      case RNN_TANH -> "rnn";
      case RNN_RELU -> "rnn-relu";
      case LSTM -> "lstm";
      case GRU -> "gru";
    };
  }
}
