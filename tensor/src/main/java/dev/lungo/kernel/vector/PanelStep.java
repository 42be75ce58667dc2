package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// The step that FlashAttention and FlashAttention-2 repeat in different orders: a panel of queries
/// meets one block of keys. Belongs to one thread.
///
/// A panel is [RegisterTile#COLUMNS] queries of one head, one a lane. Its scores are a matrix
/// (keys, lanes); [RunningSoftmax] turns them into weights.
final class PanelStep {
  private final int keyBlock;
  private final float[] lines = new float[Panels.LINES_LENGTH];
  private final float[] scores;
  private final RunningSoftmax softmax = new RunningSoftmax();
  private final PanelMask mask;
  private float[] keys = new float[0];
  private float[] values = new float[0];

  /// Where a panel's queries are.
  ///
  /// @param first query of the panel, `count` of them are real
  record Panel(int head, int first, int count) {}

  /// The packed queries of some panels and what they have come to.
  static final class State {
    float[] queries = new float[0];
    float[] outputs = new float[0];
    float[] references = new float[0];
    float[] sums = new float[0];
    int outputLength;

    /// Empties room for so many panels.
    void reserve(int headDim, int panels) {
      outputLength = (headDim + ROWS - 1) / ROWS * ROWS * COLUMNS;
      if (queries.length < panels * headDim * COLUMNS) {
        queries = new float[panels * headDim * COLUMNS];
      }
      int outputRoom = panels * outputLength + Transposition.SIDE * COLUMNS;
      if (outputs.length < outputRoom) {
        outputs = new float[outputRoom];
      }
      if (references.length < panels * COLUMNS) {
        references = new float[panels * COLUMNS];
        sums = new float[panels * COLUMNS];
      }
      Arrays.fill(outputs, 0, panels * outputLength, 0);
      // Not -∞: a lane may see nothing of its panel's first block, and -∞ less -∞ is no number.
      Arrays.fill(references, 0, panels * COLUMNS, -Float.MAX_VALUE);
      Arrays.fill(sums, 0, panels * COLUMNS, 0);
    }
  }

  /// @param keyBlock the most keys of a step, a multiple of [RegisterTile#ROWS]
  PanelStep(int keyBlock) {
    this.keyBlock = keyBlock;
    scores = new float[keyBlock * COLUMNS];
    mask = new PanelMask(keyBlock);
  }

  int keyBlock() {
    return keyBlock;
  }

  /// Takes `some` keys that follow each other from `key` on.
  void packRun(
      AttentionShape shape,
      int batch,
      int kvHead,
      MemorySegment k,
      MemorySegment v,
      int key,
      int some) {
    long stride = (long) shape.kvHeads() * shape.headDim();
    long from =
        ((long) batch * shape.keyCapacity() + key) * stride + (long) kvHead * shape.headDim();
    pack(k, v, from, stride, some, shape.headDim());
    mask.run(key, some);
  }

  /// Takes `some` of the picked keys from index `at` on, whose rows have been copied.
  void packPicked(AttentionShape shape, GatheredKeys gathered, int at, int some) {
    int headDim = shape.headDim();
    pack(gathered.keyRows(), gathered.valueRows(), 0, headDim, some, headDim);
    mask.picked(gathered, at, some);
  }

  private void pack(
      MemorySegment k, MemorySegment v, long from, long stride, int some, int headDim) {
    if (values.length < keyBlock * (headDim + ROWS)) {
      keys = new float[keyBlock * headDim];
      values = new float[keyBlock * (headDim + ROWS)];
    }
    Panels.packLines(k, from, stride, some, headDim, keys, 0, ROWS, ROWS * headDim, lines);
    Panels.packSteps(v, from, stride, headDim, some, values, 0, ROWS, ROWS * keyBlock, lines);
  }

  /// Packs and scales the queries of a panel.
  void packQueries(
      AttentionShape shape, int batch, Panel panel, MemorySegment q, State state, int index) {
    int headDim = shape.headDim();
    long stride = (long) shape.heads() * headDim;
    long from =
        ((long) batch * shape.queries() + panel.first) * stride + (long) panel.head * headDim;
    int length = COLUMNS * headDim;
    int at = index * length;
    Panels.packLines(
        q, from, stride, panel.count, headDim, state.queries, at, COLUMNS, length, lines);
    scale(state.queries, at, length, shape.scale());
  }

  private static void scale(float[] values, int at, int count, float factor) {
    for (int i = at; i < at + count; i += LANES) {
      FloatVector.fromArray(SPECIES, values, i).mul(factor).intoArray(values, i);
    }
  }

  /// Takes a panel on by `some` packed keys, which start at `key` if they follow each other.
  void advance(AttentionShape shape, Panel panel, State state, int index, int key, int some) {
    int position = shape.position(panel.first);
    if (!shape.pattern().contiguous()) {
      if (mask.look(shape.pattern(), position, panel.count)) {
        score(shape, panel, state, index, some);
        mask.hide(scores);
        mix(state, index, some, some);
      }
      return;
    }
    int seen = seen(shape, position, key, some);
    int hidden = hidden(shape, position, key, some);
    if (seen > 0 && hidden < some) {
      score(shape, panel, state, index, seen);
      if (shape.pattern().causal()) {
        hideFuture(seen, position - key);
      }
      hidePast(seen, hidden);
      mix(state, index, seen, some);
    }
  }

  /// Says whether the panel sees any of the `some` keys from `key` on.
  boolean sees(AttentionShape shape, Panel panel, int key, int some) {
    int position = shape.position(panel.first);
    if (shape.pattern().contiguous()) {
      return seen(shape, position, key, some) > 0 && hidden(shape, position, key, some) < some;
    }
    mask.run(key, some);
    return mask.look(shape.pattern(), position, panel.count);
  }

  /// Returns how many of `some` keys from `key` on any query of the panel at `position` sees.
  static int seen(AttentionShape shape, int position, int key, int some) {
    return shape.pattern().causal() ? Math.clamp((long) position + COLUMNS - key, 0, some) : some;
  }

  /// Returns how many of `some` keys from `key` on come before the window of the query at
  /// `position`; negative if the window starts before them.
  static int hidden(AttentionShape shape, int position, int key, int some) {
    return shape.pattern() instanceof AttentionPattern.Window window
        ? Math.clamp((long) window.nearFrom(position) - key, -COLUMNS, some)
        : -COLUMNS;
  }

  /// Computes a panel's scores with the first `seen` keys of the block.
  private void score(AttentionShape shape, Panel panel, State state, int index, int seen) {
    multiply(shape, state, index, seen);
    if (shape.alibi()) {
      mask.addBias(shape, panel.head, shape.position(panel.first), seen, 1f, scores);
    }
  }

  private void multiply(AttentionShape shape, State state, int index, int seen) {
    int headDim = shape.headDim();
    int at = index * headDim * COLUMNS;
    for (int row = 0; row < seen; row += ROWS) {
      RegisterTile.multiplySteps(
          keys, row * headDim, state.queries, at, headDim, scores, row * COLUMNS, false);
    }
    if (shape.capped()) {
      SoftCap.bound(scores, seen * COLUMNS, shape.softCap());
    }
  }

  /// Adds the values, weighted by the scores of the first `seen` keys, to a panel's outputs.
  ///
  /// @param packed keys of the block
  private void mix(State state, int index, int seen, int packed) {
    boolean moved = softmax.advance(scores, seen, state.references, state.sums, index * COLUMNS);
    int output = index * state.outputLength;
    if (moved) {
      shrink(state.outputs, output, state.outputLength);
    }
    int depth = Math.min((seen + ROWS - 1) / ROWS * ROWS, packed);
    if (depth > seen) {
      Arrays.fill(scores, seen * COLUMNS, depth * COLUMNS, 0);
    }
    for (int row = 0; row < state.outputLength; row += ROWS * COLUMNS) {
      RegisterTile.multiplySteps(
          values, row / COLUMNS * keyBlock, scores, 0, depth, state.outputs, output + row, true);
    }
  }

  /// Sets the scores of keys that lie after their query to -∞.
  private void hideFuture(int seen, int unmasked) {
    for (int key = Math.max(0, unmasked + 1); key < seen; key++) {
      int hidden = Math.min(COLUMNS, key - unmasked);
      Arrays.fill(scores, key * COLUMNS, key * COLUMNS + hidden, Float.NEGATIVE_INFINITY);
    }
  }

  /// Sets the scores of keys that lie before their query's window to -∞.
  private void hidePast(int seen, int hidden) {
    for (int key = 0; key < Math.min(seen, hidden + COLUMNS - 1); key++) {
      int visible = Math.max(0, key - hidden + 1);
      Arrays.fill(scores, key * COLUMNS + visible, (key + 1) * COLUMNS, Float.NEGATIVE_INFINITY);
    }
  }

  private void shrink(float[] outputs, int from, int length) {
    FloatVector left = FloatVector.fromArray(SPECIES, softmax.factors(), 0);
    FloatVector right = FloatVector.fromArray(SPECIES, softmax.factors(), LANES);
    for (int at = from; at < from + length; at += COLUMNS) {
      FloatVector.fromArray(SPECIES, outputs, at).mul(left).intoArray(outputs, at);
      FloatVector.fromArray(SPECIES, outputs, at + LANES).mul(right).intoArray(outputs, at + LANES);
    }
  }
}
