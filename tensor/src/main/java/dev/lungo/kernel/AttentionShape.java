package dev.lungo.kernel;

/// The shape of one attention call. Queries are stored (B, T, H, D); keys and values (B,
/// `keyCapacity`, KV heads, D), of which the first `keys` positions are filled: in training the
/// capacity is the length, in decoding the cache's size.
///
/// Query t of T stands at position keys - queries + t. With `causal` it sees the keys at its own
/// position and before. Head h reads key/value head h · kvHeads / heads (grouped-query attention,
/// Ainslie et al. 2023, arXiv:2305.13245).
///
/// @param scale what q·k is multiplied by before the softmax, usually 1/√D
public record AttentionShape(
    int batch,
    int queries,
    int keys,
    int keyCapacity,
    int heads,
    int kvHeads,
    int headDim,
    boolean causal,
    float scale) {

  public AttentionShape {
    if (batch < 1 || queries < 1 || keys < 1 || heads < 1 || kvHeads < 1 || headDim < 1) {
      throw new IllegalArgumentException(
          "attention: every size must be at least 1, but batch "
              + batch
              + ", queries "
              + queries
              + ", keys "
              + keys
              + ", heads "
              + heads
              + ", kvHeads "
              + kvHeads
              + ", headDim "
              + headDim);
    }
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "attention: heads " + heads + " must be a multiple of kvHeads " + kvHeads);
    }
    if (keys > keyCapacity) {
      throw new IllegalArgumentException(
          "attention: keys " + keys + " exceed the capacity " + keyCapacity);
    }
    if (causal && queries > keys) {
      throw new IllegalArgumentException(
          "attention: causal needs keys ≥ queries, but keys " + keys + ", queries " + queries);
    }
  }

  /// Describes self-attention over whole sequences: as many keys as queries.
  public static AttentionShape training(
      int batch, int length, int heads, int kvHeads, int headDim) {
    return new AttentionShape(
        batch,
        length,
        length,
        length,
        heads,
        kvHeads,
        headDim,
        true,
        (float) (1 / Math.sqrt(headDim)));
  }
}
