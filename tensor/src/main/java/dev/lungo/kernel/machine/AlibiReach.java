package dev.lungo.kernel.machine;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Which keys are so far from a panel of queries that, with the bias of [Alibi], their weights are
/// 0 ([PowerOfTwo]) whatever they are: most of a long text. Belongs to one thread.
///
/// The largest score of a query is at least that of its own key, which is at no distance. Another
/// key's is at most |q|·|k| times the scale, less slope times distance.
final class AlibiReach {
  /// How much less a score is whose weight is 0: ln 2^100, and more for rounding.
  private static final double NOTHING = 70.5;

  private final PanelMoves moves;
  private final MemorySegment dots =
      Arena.ofAuto().allocate((long) KeyBlock.KEYS * Float.BYTES, Float.BYTES);
  private AttentionShape shape = AttentionShape.training(1, 1, 1, 1, 1);
  private int batch;
  private int kvHead;
  private Limits[] limits = new Limits[0];

  /// Scores of base 2 of the last panel's queries and their own keys.
  private final float[] own;

  private boolean hasOwn;

  // The block of keys: the first, how many, and the length of the longest.
  private int key;
  private int count;
  private double longest;

  /// What is known of a panel.
  ///
  /// @param first position of its queries; `last` likewise
  /// @param query the length of the longest
  /// @param own the least score of one and its own key
  private record Limits(int first, int last, double slope, double query, double own) {}

  AlibiReach(VectorUnit unit) {
    moves = new PanelMoves(unit);
    own = new float[unit.columns()];
  }

  /// Begins with some panels of queries that read one head of keys.
  void begin(AttentionShape ofAll, int ofBatch, int head, int panels) {
    shape = ofAll;
    batch = ofBatch;
    kvHead = head;
    hasOwn = false;
    if (shape.alibi() && limits.length < panels) {
      limits = new Limits[panels];
    }
  }

  /// Looks at a panel.
  ///
  /// @param q address of all queries; `k` likewise
  void add(int index, Panel panel, long q, long k) {
    if (!shape.alibi()) {
      return;
    }
    int first = shape.position(panel.first());
    int last = first + panel.count() - 1;
    long queries = q + panel.offset(shape, batch);
    long queryBytes = Panel.stride(shape);
    hasOwn = first >= 0 && last < shape.realKeys(batch);
    double least = Double.NEGATIVE_INFINITY;
    if (hasOwn) {
      long keys = k + KeyBlock.offset(shape, batch, kvHead, first);
      long keyBytes = (long) shape.kvHeads() * shape.headDim() * Float.BYTES;
      dot(queries, queryBytes, keys, keyBytes, panel.count());
      least = Double.POSITIVE_INFINITY;
      Arrays.fill(own, 0);
      for (int lane = 0; lane < panel.count(); lane++) {
        double score = shape.scale() * dot(lane);
        least = Math.min(least, score);
        own[lane] = (float) Math.rint(score / Math.log(2));
      }
    }
    double slope = Alibi.slope(panel.head(), shape.heads());
    double length = longest(queries, queryBytes, panel.count());
    limits[index] = new Limits(first, last, slope, length, least);
  }

  /// Returns a whole number that the largest score of one of the last panel's queries is not less
  /// than, but for rounding, or `otherwise` where none is known.
  float reference(int lane, float otherwise) {
    return hasOwn && Float.isFinite(own[lane]) ? own[lane] : otherwise;
  }

  /// Looks at a block of keys.
  ///
  /// @param rows address of the first, which the others follow
  void meet(long rows, int firstKey, int keys) {
    if (shape.alibi()) {
      key = firstKey;
      count = keys;
      longest = longest(rows, (long) shape.headDim() * Float.BYTES, keys);
    }
  }

  /// Says whether a panel's weights of the block may be more than 0. They may where something is no
  /// number.
  boolean includes(int panel) {
    if (!shape.alibi()) {
      return true;
    }
    Limits limit = limits[panel];
    int distance = Math.max(0, Math.max(limit.first - (key + count - 1), key - limit.last));
    double most = Math.abs(shape.scale()) * limit.query * longest - limit.slope * distance;
    return !(most < limit.own - NOTHING);
  }

  private double longest(long rows, long bytes, int some) {
    dot(rows, bytes, rows, bytes, some);
    float largest = 0;
    for (int i = 0; i < some; i++) {
      largest = Math.max(largest, dot(i));
    }
    return Math.sqrt(largest);
  }

  private void dot(long first, long firstBytes, long second, long secondBytes, int some) {
    moves.dots(first, firstBytes, second, secondBytes, dots.address(), some, shape.headDim());
  }

  private float dot(int i) {
    return dots.getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }
}
