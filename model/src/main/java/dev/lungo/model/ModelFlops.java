package dev.lungo.model;

/// Floating-point operations of a model, a multiply-add being two.
///
/// Attention counts all T² pairs, as the published numbers do; a causal kernel that skips the
/// masked half does less.
public final class ModelFlops {
  private ModelFlops() {}

  /// Counts the forward pass over one sequence: 2·N·T for the matrices and
  /// 4·layers·heads·headDim·T² for scores and mixing.
  public static long forwardPerSequence(ModelConfig config, int length) {
    long matrices =
        Math.multiplyExact(2 * ParameterCount.of(config).matrixMultiplied(), (long) length);
    long attention = Math.multiplyExact(4 * attentionWidth(config), (long) length * length);
    return Math.addExact(matrices, attention);
  }

  /// Counts training on one sequence: the backward pass has two products for each of the forward
  /// pass.
  public static long trainingPerSequence(ModelConfig config, int length) {
    return Math.multiplyExact(3, forwardPerSequence(config, length));
  }

  /// Counts training on one token among `length`: 6·N + 12·layers·heads·headDim·T (Chowdhery et al.
  /// 2022, arXiv:2204.02311, appendix B).
  public static long trainingPerToken(ModelConfig config, int length) {
    return 6 * ParameterCount.of(config).matrixMultiplied() + 12 * attentionWidth(config) * length;
  }

  /// The rule of thumb C = 6·N·D (Kaplan et al. 2020, arXiv:2001.08361).
  ///
  /// @param parameters N; say which were counted
  /// @param tokens D
  public static double ruleOfThumb(double parameters, double tokens) {
    return 6 * parameters * tokens;
  }

  private static long attentionWidth(ModelConfig config) {
    return config instanceof RecurrentConfig
        ? 0
        : (long) config.layers() * config.heads() * config.headDim();
  }
}
