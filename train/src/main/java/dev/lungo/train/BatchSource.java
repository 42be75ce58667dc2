package dev.lungo.train;

import dev.lungo.tensor.Tensor;

/// Gives the batches of a run by number, so that a resumed run sees what the uninterrupted one
/// would have seen.
@FunctionalInterface
public interface BatchSource {
  /// Writes batch `index`.
  ///
  /// @param ids (B, T), int32
  /// @param targets (B, T), int32: the id that follows each
  void fill(long index, Tensor ids, Tensor targets);
}
