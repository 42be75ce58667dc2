package dev.lungo.nn;

import dev.lungo.op.Attention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Tensor;
import java.util.Optional;

/// Causal self-attention for training, prefill and decoding alike.
public final class SelfAttention {
  private SelfAttention() {}

  /// Attends within the given positions, and to those in the cache if there is one.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, T, KV heads, D); `v` likewise
  /// @return (B, T, H·D)
  public static Tensor attend(
      Pass pass, int layer, Tensor q, Tensor k, Tensor v, Optional<KvCache> cache) {
    Tensor mixed =
        cache.isPresent()
            ? cache.get().attend(pass, layer, q, k, v)
            : Attention.causal(pass, q, k, v);
    return mixed.view(
        q.shape().dimension(0), q.shape().dimension(1), q.shape().dimension(2) * q.shape().width());
  }
}
