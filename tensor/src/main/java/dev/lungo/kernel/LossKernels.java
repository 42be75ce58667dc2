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
  /// @param targetsOffset the first target, in elements; `lossesOffset` likewise
  void crossEntropyWithGradient(
      MemorySegment logits,
      MemorySegment targets,
      long targetsOffset,
      MemorySegment losses,
      long lossesOffset,
      int rows,
      int classes,
      float scale);

  /// Replaces each row of x (rows, classes) by its softmax.
  void softmax(MemorySegment x, int rows, int classes);
}
