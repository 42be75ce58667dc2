package dev.lungo.nn;

import dev.lungo.op.Attention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import java.util.Optional;

/// Causal self-attention for training, prefill and decoding alike.
public final class SelfAttention {
  private SelfAttention() {}

  /// Attends to all positions up to each one's own.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, T, KV heads, D); `v` likewise
  /// @return (B, T, H·D)
  public static Tensor attend(
      Pass pass, int layer, Tensor q, Tensor k, Tensor v, Optional<KvCache> cache) {
    return attend(pass, layer, AttentionRule.of(q.shape().width()), q, k, v, cache);
  }

  /// Attends within the given positions, and to those in the cache if there is one.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, T, KV heads, D); `v` likewise
  /// @return (B, T, H·D)
  public static Tensor attend(
      Pass pass,
      int layer,
      AttentionRule rule,
      Tensor q,
      Tensor k,
      Tensor v,
      Optional<KvCache> cache) {
    Tensor mixed =
        cache.isPresent()
            ? cache.get().attend(pass, layer, rule, q, k, v)
            : within(pass, rule, q, k, v);
    return mixed.view(
        q.shape().dimension(0), q.shape().dimension(1), q.shape().dimension(2) * q.shape().width());
  }

  private static Tensor within(Pass pass, AttentionRule rule, Tensor q, Tensor k, Tensor v) {
    Shape shape = q.shape();
    int length = shape.dimension(1);
    int kvHeads = k.shape().dimension(2);
    return Attention.attention(
        pass,
        rule.shape(
            shape.dimension(0), length, length, length, shape.dimension(2), kvHeads, shape.width()),
        q,
        k,
        v);
  }
}
