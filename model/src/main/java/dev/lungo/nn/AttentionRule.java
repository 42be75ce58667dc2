package dev.lungo.nn;

import dev.lungo.kernel.AttentionShape;

/// How a layer's scores come from queries and keys, and which keys a query sees.
///
/// @param scale what q·k is multiplied by, usually 1/√D
/// @param window the most keys that a query sees, its own included; [AttentionShape#UNLIMITED] for
///   all up to its own
/// @param softCap the bound of the scores; [AttentionShape#UNCAPPED] for none
public record AttentionRule(float scale, int window, float softCap) {
  /// Describes attention to all keys up to the query's own, scaled by 1/√D.
  public static AttentionRule of(int headDim) {
    return of(headDim, AttentionShape.UNLIMITED);
  }

  /// Describes attention within a window, scaled by 1/√D.
  public static AttentionRule of(int headDim, int window) {
    return new AttentionRule((float) (1 / Math.sqrt(headDim)), window, AttentionShape.UNCAPPED);
  }

  /// Returns the shape of one causal call.
  AttentionShape shape(
      int batch, int queries, int keys, int keyCapacity, int heads, int kvHeads, int headDim) {
    return new AttentionShape(
        batch, queries, keys, keyCapacity, heads, kvHeads, headDim, true, scale, window, softCap);
  }
}
