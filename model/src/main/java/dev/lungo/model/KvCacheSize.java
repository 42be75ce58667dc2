package dev.lungo.model;

import dev.lungo.tensor.DType;

/// The memory that generation keeps for each token: its keys and values in every layer.
public final class KvCacheSize {
  private KvCacheSize() {}

  /// Returns bytes per token of one sequence.
  ///
  /// @param type of the stored numbers
  public static long bytesPerToken(ModelConfig config, DType type) {
    return type.bytes(2L * config.layers() * config.kvHeads() * config.headDim());
  }

  /// Returns bytes per token of one sequence.
  ///
  /// @param bytesPerNumber 2 for fp16, 4 for float32
  public static long bytesPerToken(ModelConfig config, int bytesPerNumber) {
    return 2L * config.layers() * config.kvHeads() * config.headDim() * bytesPerNumber;
  }
}
