package dev.lungo.nn;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.util.List;

/// How a layer's scores come from queries and keys, and which keys a query sees.
///
/// @param scale what q·k is multiplied by, usually 1/√D
/// @param pattern which keys a query sees
/// @param alibi whether scores lose with distance ([dev.lungo.kernel.Alibi])
/// @param softCap the bound of the scores; [AttentionShape#UNCAPPED] for none
public record AttentionRule(float scale, AttentionPattern pattern, boolean alibi, float softCap) {
  /// Describes attention to all keys up to the query's own, scaled by 1/√D.
  public static AttentionRule of(int headDim) {
    return of(headDim, AttentionPattern.CAUSAL);
  }

  /// Describes attention within a window, scaled by 1/√D.
  public static AttentionRule of(int headDim, int window) {
    return of(headDim, AttentionShape.withinWindow(window));
  }

  /// Describes attention under a pattern, scaled by 1/√D.
  public static AttentionRule of(int headDim, AttentionPattern pattern) {
    return new AttentionRule(
        (float) (1 / Math.sqrt(headDim)), pattern, false, AttentionShape.UNCAPPED);
  }

  /// Returns the same rule with the bias of [dev.lungo.kernel.Alibi].
  public AttentionRule withAlibi() {
    return new AttentionRule(scale, pattern, true, softCap);
  }

  /// Returns the same rule with another pattern.
  public AttentionRule with(AttentionPattern other) {
    return new AttentionRule(scale, other, alibi, softCap);
  }

  /// Returns the shape of one call.
  public AttentionShape shape(
      int batch, int queries, int keys, int keyCapacity, int heads, int kvHeads, int headDim) {
    return new AttentionShape(
        batch,
        queries,
        keys,
        keyCapacity,
        heads,
        kvHeads,
        headDim,
        scale,
        pattern,
        alibi,
        softCap,
        List.of());
  }
}
