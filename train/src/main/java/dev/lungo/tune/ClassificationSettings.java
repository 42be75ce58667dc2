package dev.lungo.tune;

import java.util.List;

/// Every setting of a classifier's training: the flags of the command, and what its folder keeps.
///
/// @param model folder of the base model
/// @param data `.csv` or `.jsonl`; empty means the demonstration: which module of the JDK a source
///   file comes from
/// @param heldOutData a file of its own to measure with; empty holds out a share of `data`
/// @param heldOut the share held out, chosen by a hash of the text
/// @param rank and `alpha` of the adapters, with [Method#LORA]
/// @param targets layers with adapters; empty for all
/// @param pooling `last`, `mean`, or a special token
/// @param epochs times that each text is learned from; 0 chooses by method
/// @param rate learning rate; 0 chooses by method
/// @param truncate whether texts longer than the context are cut, instead of refused
public record ClassificationSettings(
    String model,
    String data,
    String heldOutData,
    String textField,
    String labelField,
    double heldOut,
    Method method,
    int rank,
    double alpha,
    List<String> targets,
    Pooling pooling,
    int epochs,
    int batch,
    double rate,
    boolean truncate,
    long seed,
    int threads) {

  /// What is trained besides the head.
  public enum Method {
    /// Nothing: states are computed once.
    FROZEN,
    /// Low-rank adapters.
    LORA,
    /// Every parameter.
    FULL
  }

  public ClassificationSettings {
    if (!(heldOut > 0 && heldOut < 1)) {
      throw new IllegalArgumentException(
          "the held-out share must be above 0 and below 1, but is " + heldOut);
    }
    if (epochs < 0 || batch < 1 || !(rate >= 0 && rate < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          "epochs and rate must not be negative, and batch at least 1, but they are "
              + epochs
              + ", "
              + rate
              + " and "
              + batch);
    }
    targets = List.copyOf(targets);
  }

  int chosenEpochs() {
    return epochs > 0 ? epochs : method == Method.FROZEN ? 40 : 3;
  }

  /// Adapters start at nothing and take larger steps than weights that know something.
  double chosenRate() {
    return rate > 0
        ? rate
        : switch (method) {
          case FROZEN -> 0.01;
          case LORA -> 0.003;
          case FULL -> 0.0005;
        };
  }
}
