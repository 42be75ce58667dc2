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
/// @param window with `causal`, the most keys that a query sees: its own and those right before it
///   (sliding window, Beltagy et al. 2020, arXiv:2004.05150); [#UNLIMITED] for all
/// @param softCap bounds each score s smoothly to softCap · tanh(s / softCap) (Gemma 2,
///   arXiv:2408.00118); [#UNCAPPED] leaves it as it is
public record AttentionShape(
    int batch,
    int queries,
    int keys,
    int keyCapacity,
    int heads,
    int kvHeads,
    int headDim,
    boolean causal,
    float scale,
    int window,
    float softCap) {

  /// The window of a query that sees all keys up to its own.
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /// The cap that no score reaches.
  public static final float UNCAPPED = Float.POSITIVE_INFINITY;

  /// Describes attention to all keys, without a cap.
  public AttentionShape(
      int batch,
      int queries,
      int keys,
      int keyCapacity,
      int heads,
      int kvHeads,
      int headDim,
      boolean causal,
      float scale) {
    this(
        batch,
        queries,
        keys,
        keyCapacity,
        heads,
        kvHeads,
        headDim,
        causal,
        scale,
        UNLIMITED,
        UNCAPPED);
  }

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
    if (window < 1 || (!causal && window != UNLIMITED)) {
      throw new IllegalArgumentException(
          "attention: a window must be at least 1 and causal, but window "
              + window
              + ", causal "
              + causal);
    }
    if (!(softCap > 0)) {
      throw new IllegalArgumentException(
          "attention: the soft cap must be above 0, but is " + softCap);
    }
  }

  /// Returns whether scores are bounded.
  public boolean capped() {
    return softCap < UNCAPPED;
  }

  /// Returns how many keys, from the first on, come before the window of query `query`.
  public int hiddenKeys(int query) {
    // As a long, because a window may be unlimited.
    return (int) Math.max(0, (long) keys - queries + query + 1 - window);
  }

  /// Returns how many keys, from the first on, query `query` may see if no window hides them.
  public int visibleKeys(int query) {
    return causal ? keys - queries + query + 1 : keys;
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
