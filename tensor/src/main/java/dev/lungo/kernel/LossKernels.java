package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// The loss of next-token prediction.
public interface LossKernels {
  /// A target that does not count: padding.
  int IGNORED = -1;

  /// Computes losses[r] = log Σ exp(logits[r]) - logits[r, targets[r]] in nats; 0 where the target
  /// is [#IGNORED].
  ///
  /// @param logits (rows, classes)
  /// @param targets (rows), int32, each in [0, classes) or [#IGNORED]
  /// @param losses (rows)
  void crossEntropy(
      MemorySegment logits, MemorySegment targets, MemorySegment losses, int rows, int classes);

  /// Computes [#crossEntropy] and replaces `logits` by its gradient times `scale`: scale · (softmax
  /// - onehot(target)), 0 where ignored.
  ///
  /// With label smoothing ε (Szegedy et al. 2015, arXiv:1512.00567) the target's probability is to
  /// be 1 - ε + ε / classes and every other's ε / classes, and the loss is the cross-entropy with
  /// that distribution.
  ///
  /// @param targetsOffset the first target, in elements; `lossesOffset` likewise
  /// @param smoothing ε, in [0, 1)
  void crossEntropyWithGradient(
      MemorySegment logits,
      MemorySegment targets,
      long targetsOffset,
      MemorySegment losses,
      long lossesOffset,
      int rows,
      int classes,
      float scale,
      float smoothing);

  /// Replaces each row of x (rows, classes) by its softmax.
  void softmax(MemorySegment x, int rows, int classes);
}
