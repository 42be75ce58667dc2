package dev.lungo.kernel;

/// What one forward pass of attention computes and moves, counted in its loops.
///
/// Moved is what passes between the memory and the caches if these hold one block of queries and
/// one of keys with its values: rows of Q, K, V and O, and whole matrices of scores.
///
/// @param pairs of a query and a key whose score is computed
/// @param bytes that are read and written
public record AttentionTraffic(long pairs, long bytes) {
  /// Queries that share what is packed of the keys.
  public static final int QUERIES = 512;

  /// Keys that are packed at once.
  public static final int KEYS = 96;

  /// Queries that see a strided pattern's gathered keys together.
  private static final int STRIDED_QUERIES = 16;

  /// How often the plain algorithm passes over a matrix of scores: the product writes it, hiding
  /// and softmax read and write it, the second product reads it.
  private static final int PLAIN_PASSES = 6;

  /// Counts for one algorithm.
  public static AttentionTraffic of(AttentionShape shape, AttentionAlgorithm algorithm) {
    return switch (algorithm) {
      case PLAIN -> plain(shape);
      case FLASH1 -> first(shape);
      case FLASH2 -> second(shape);
    };
  }

  private static AttentionTraffic plain(AttentionShape shape) {
    long heads = (long) shape.batch() * shape.heads();
    long pairs = heads * shape.queries() * shape.keys();
    long rows = 2 * heads * ((long) shape.queries() + shape.keys());
    return floats(pairs, PLAIN_PASSES * pairs + rows * shape.headDim());
  }

  /// Each block of keys passes once; each query comes and goes with its output for each block that
  /// it may see.
  private static AttentionTraffic first(AttentionShape shape) {
    long pairs = 0;
    long rows = 2L * shape.keys();
    for (int key = 0; key < shape.keys(); key += KEYS) {
      int some = Math.min(KEYS, shape.keys() - key);
      long queries = 0;
      for (int query = 0; query < shape.queries(); query++) {
        boolean sees =
            !shape.pattern().contiguous() && key <= shape.position(query)
                || shape.hiddenKeys(query) < key + some && shape.visibleKeys(0, query) > key;
        queries += sees ? 1 : 0;
      }
      pairs += queries * some;
      rows += 3 * queries;
    }
    long heads = (long) shape.batch() * shape.heads();
    return floats(heads * pairs, heads * rows * shape.headDim());
  }

  /// Each query comes and goes once; for each block of queries the keys that it sees pass.
  private static AttentionTraffic second(AttentionShape shape) {
    boolean strided = shape.pattern() instanceof AttentionPattern.Strided;
    int block = Math.max(1, (strided ? STRIDED_QUERIES : QUERIES) / shape.group());
    int[] far = new int[shape.keys()];
    long pairs = 0;
    long rows = 0;
    for (int first = 0; first < shape.queries(); first += block) {
      int count = Math.min(block, shape.queries() - first);
      int from = shape.hiddenKeys(first);
      int to = Math.max(from, shape.visibleKeys(0, first + count - 1));
      int position = shape.position(first);
      int keys =
          to
              - from
              + shape.pattern().gatherFar(position, position + count, from, to, shape.keys(), far);
      // On the diagonal half of a block is hidden.
      long hidden = shape.pattern().causal() ? (long) count * count / 2 : 0;
      pairs += shape.group() * ((long) keys * count - Math.min(hidden, (long) keys * count));
      rows += 2L * shape.group() * count + 2L * keys;
    }
    long kvHeads = (long) shape.batch() * shape.kvHeads();
    return floats(kvHeads * pairs, kvHeads * rows * shape.headDim());
  }

  private static AttentionTraffic floats(long pairs, long floats) {
    return new AttentionTraffic(pairs, Float.BYTES * floats);
  }
}
