package dev.lungo.kernel;

import java.util.List;

/// The shape of one attention call. Queries are stored (B, T, H, D); keys and values (B,
/// `keyCapacity`, KV heads, D), of which the first `keys` positions are filled: in training the
/// capacity is the length, in decoding the cache's size.
///
/// Query t of T stands at position keys - queries + t, and the pattern says which keys it sees
/// there. Head h reads key/value head h · kvHeads / heads (grouped-query attention, Ainslie et al.
/// 2023, arXiv:2305.13245; multi-query attention, Shazeer 2019, arXiv:1911.02150, with one).
///
/// @param scale what q·k is multiplied by before the softmax, usually 1/√D
/// @param alibi whether each score loses the head's slope times the distance from query to key
///   ([Alibi])
/// @param softCap bounds each score s smoothly to softCap · tanh(s / softCap) (Gemma 2,
///   arXiv:2408.00118), before a bias; [#UNCAPPED] leaves it as it is
/// @param keyLengths how many of the keys of each sequence are real, where the rest is padding;
///   empty if all are
public record AttentionShape(
    int batch,
    int queries,
    int keys,
    int keyCapacity,
    int heads,
    int kvHeads,
    int headDim,
    float scale,
    AttentionPattern pattern,
    boolean alibi,
    float softCap,
    List<Integer> keyLengths) {

  /// The window of a query that sees all keys up to its own.
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /// The cap that no score reaches.
  public static final float UNCAPPED = Float.POSITIVE_INFINITY;

  /// Describes attention to all keys, or to all up to the query's own.
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

  /// Describes attention within a window and under a cap.
  ///
  /// @param window with `causal`, the most keys that a query sees; [#UNLIMITED] for all
  public AttentionShape(
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
    this(
        batch,
        queries,
        keys,
        keyCapacity,
        heads,
        kvHeads,
        headDim,
        scale,
        pattern(causal, window),
        false,
        softCap,
        List.of());
  }

  public AttentionShape {
    keyLengths = List.copyOf(keyLengths);
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
    if (!(pattern instanceof AttentionPattern.Everything) && queries > keys) {
      throw new IllegalArgumentException(
          "attention: "
              + pattern.text()
              + " needs keys ≥ queries, but keys "
              + keys
              + ", queries "
              + queries);
    }
    if (pattern instanceof AttentionPattern.Blocks blocks) {
      blocks.check(keys);
    }
    if (!(softCap > 0)) {
      throw new IllegalArgumentException(
          "attention: the soft cap must be above 0, but is " + softCap);
    }
    checkLengths(batch, keys, pattern, keyLengths);
  }

  private static void checkLengths(
      int batch, int keys, AttentionPattern pattern, List<Integer> lengths) {
    if (lengths.isEmpty()) {
      return;
    }
    if (lengths.size() != batch) {
      throw new IllegalArgumentException(
          "attention: " + lengths.size() + " key lengths for a batch of " + batch);
    }
    if (pattern instanceof AttentionPattern.Window || !pattern.contiguous()) {
      throw new IllegalArgumentException(
          "attention: padding can leave queries without keys under the pattern " + pattern.text());
    }
    for (int length : lengths) {
      if (length < 1 || length > keys) {
        throw new IllegalArgumentException(
            "attention: a sequence must have 1 to " + keys + " real keys, but has " + length);
      }
    }
  }

  private static AttentionPattern pattern(boolean causal, int window) {
    if (window < 1 || (!causal && window != UNLIMITED)) {
      throw new IllegalArgumentException(
          "attention: a window must be at least 1 and causal, but window "
              + window
              + ", causal "
              + causal);
    }
    return causal ? withinWindow(window) : AttentionPattern.EVERYTHING;
  }

  /// Returns the causal pattern of a window, which may be [#UNLIMITED].
  public static AttentionPattern withinWindow(int window) {
    return window == UNLIMITED ? AttentionPattern.CAUSAL : new AttentionPattern.Window(window);
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

  /// Describes attention from one sequence to all of another, as from a decoder to an encoder.
  public static AttentionShape cross(
      int batch, int queries, int keys, int heads, int kvHeads, int headDim) {
    return new AttentionShape(
        batch,
        queries,
        keys,
        keys,
        heads,
        kvHeads,
        headDim,
        false,
        (float) (1 / Math.sqrt(headDim)));
  }

  /// Returns the same shape with another pattern.
  public AttentionShape with(AttentionPattern other) {
    return with(other, alibi, keyLengths);
  }

  /// Returns the same shape with the bias of [Alibi].
  public AttentionShape withAlibi() {
    return with(pattern, true, keyLengths);
  }

  /// Returns the same shape where only the first `lengths.get(b)` keys of sequence b are real.
  public AttentionShape withKeyLengths(List<Integer> lengths) {
    return with(pattern, alibi, lengths);
  }

  private AttentionShape with(
      AttentionPattern otherPattern, boolean otherAlibi, List<Integer> otherLengths) {
    return new AttentionShape(
        batch,
        queries,
        keys,
        keyCapacity,
        heads,
        kvHeads,
        headDim,
        scale,
        otherPattern,
        otherAlibi,
        softCap,
        otherLengths);
  }

  /// Returns whether scores are bounded.
  public boolean capped() {
    return softCap < UNCAPPED;
  }

  /// Returns how many query heads share a key/value head.
  public int group() {
    return heads / kvHeads;
  }

  /// Returns the position of query `query`.
  public int position(int query) {
    return keys - queries + query;
  }

  /// Returns how many keys of sequence `sequence` are real.
  public int realKeys(int sequence) {
    return keyLengths.isEmpty() ? keys : keyLengths.get(sequence);
  }

  /// Returns how many keys, from the first on, come before the run that query `query` sees.
  public int hiddenKeys(int query) {
    return Math.clamp(pattern.nearFrom(position(query)), 0, keys);
  }

  /// Returns the first key after the run that query `query` of a sequence sees.
  public int visibleKeys(int sequence, int query) {
    return Math.clamp(pattern.nearTo(position(query)), 0, realKeys(sequence));
  }

  /// Says whether query `query` of a sequence sees a key.
  public boolean sees(int sequence, int query, int key) {
    return key < realKeys(sequence) && pattern.sees(position(query), key);
  }

  /// Returns what is added to the score of query `query` and key `key` in head `head`.
  public double bias(int head, int query, int key) {
    return alibi ? -Alibi.slope(head, heads) * Math.abs(position(query) - key) : 0;
  }
}
