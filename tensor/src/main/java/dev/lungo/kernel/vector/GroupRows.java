package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.DEPTH;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.LINE_STRIDE;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Attention of a few queries whose many heads share keys and values, as multi-query attention
/// decodes: the heads lie across the lanes, so that each key and value is read once for all.
/// Belongs to one thread.
///
/// Blocks of keys do not depend on how many queries come together, and so do no query's bits.
final class GroupRows {
  /// From so many heads on, lanes that have none cost less than reading keys again does.
  private static final int FEWEST_HEADS = 8;

  private static final int BLOCK = 96;

  /// Keys of a stretch ([dev.lungo.kernel.AttentionStretches]).
  static final int STRETCH = 32 * BLOCK;

  private final float[] keys = new float[BLOCK * LINE_STRIDE];
  private final float[] values = new float[BLOCK * HeadTile.VALUE_STRIDE];
  private final float[] scores = new float[BLOCK * LANES];
  private final RunningSoftmax softmax = new RunningSoftmax();

  // Of each vector of heads: a query has one or more of them.
  private float[] queries = new float[0];
  private float[] references = new float[0];
  private float[] sums = new float[0];

  /// Outputs in tiles of [HeadTile#HEADS] × [RegisterTile#COLUMNS], heads outermost.
  private float[] outputs = new float[0];

  static boolean serves(AttentionShape shape) {
    return shape.group() >= FEWEST_HEADS
        && LANES >= HeadTile.HEADS
        && shape.pattern().contiguous()
        && shape.headDim() <= DEPTH;
  }

  /// Attends to the keys of one stretch, and leaves what that comes to in `results` from `at` on.
  void attend(
      AttentionShape shape,
      int batch,
      int kvHead,
      int stretch,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      float[] results,
      int at) {
    reserve(shape);
    int perQuery = perQuery(shape);
    packQueries(shape, batch, kvHead, q);
    int to = Math.min((stretch + 1) * STRETCH, shape.visibleKeys(batch, shape.queries() - 1));
    // Blocks begin at fixed positions, too.
    int from = Math.max(stretch * STRETCH, shape.hiddenKeys(0) / BLOCK * BLOCK);
    for (int key = from; key < to; key += BLOCK) {
      int some = Math.min(BLOCK, to - key);
      copy(shape, batch, kvHead, k, key, some, keys, LINE_STRIDE);
      copy(shape, batch, kvHead, v, key, some, values, HeadTile.VALUE_STRIDE);
      for (int i = 0; i < shape.queries() * perQuery; i++) {
        int query = i / perQuery;
        int seen = Math.min(some, shape.visibleKeys(batch, query) - key);
        int hidden = Math.max(0, shape.hiddenKeys(query) - key);
        if (seen > hidden) {
          score(shape, i, seen);
          if (shape.alibi()) {
            int head = kvHead * shape.group() + i % perQuery * LANES;
            addBias(shape, head, shape.position(query) - key, seen);
          }
          Arrays.fill(scores, 0, hidden * LANES, Float.NEGATIVE_INFINITY);
          mix(shape, i, seen);
        }
      }
    }
    for (int i = 0; i < shape.queries() * shape.group(); i++) {
      int query = i / shape.group();
      int vector = query * perQuery + i % shape.group() / LANES;
      int head = i % shape.group() % LANES;
      finish(shape, vector, head, results, at + i * (shape.headDim() + 1));
    }
  }

  private static int perQuery(AttentionShape shape) {
    return (shape.group() - 1) / LANES + 1;
  }

  /// Returns the floats of all outputs of a vector of heads.
  private static int outputLength(AttentionShape shape) {
    return LANES * ((shape.headDim() - 1) / COLUMNS + 1) * COLUMNS;
  }

  private void reserve(AttentionShape shape) {
    int vectors = shape.queries() * perQuery(shape);
    if (references.length < vectors * LANES) {
      references = new float[vectors * LANES];
      sums = new float[vectors * LANES];
    }
    if (queries.length < vectors * LANES * shape.headDim()) {
      queries = new float[vectors * LANES * shape.headDim()];
    }
    if (outputs.length < vectors * outputLength(shape)) {
      outputs = new float[vectors * outputLength(shape)];
    }
    // Not -∞: a block may be hidden from all of a lane, and -∞ less -∞ is no number.
    Arrays.fill(references, 0, vectors * LANES, -Float.MAX_VALUE);
    Arrays.fill(sums, 0, vectors * LANES, 0);
    Arrays.fill(outputs, 0, vectors * outputLength(shape), 0);
  }

  private void packQueries(AttentionShape shape, int batch, int kvHead, MemorySegment q) {
    int headDim = shape.headDim();
    int perQuery = perQuery(shape);
    int length = LANES * headDim;
    Arrays.fill(queries, 0, shape.queries() * perQuery * length, 0);
    for (int i = 0; i < shape.queries() * perQuery; i++) {
      int first = i % perQuery * LANES;
      int head = kvHead * shape.group() + first;
      int count = Math.min(LANES, shape.group() - first);
      long query = (long) batch * shape.queries() + i / perQuery;
      long from = (query * shape.heads() + head) * headDim;
      // Few numbers: a model's first token would wait longer for a transposition by vectors.
      for (int lane = 0; lane < count; lane++) {
        for (int d = 0; d < headDim; d++) {
          float value = q.getAtIndex(ValueLayout.JAVA_FLOAT, from + lane * headDim + d);
          queries[i * length + d * LANES + lane] = value * shape.scale();
        }
      }
    }
  }

  private static void copy(
      AttentionShape shape,
      int batch,
      int kvHead,
      MemorySegment stored,
      int key,
      int some,
      float[] into,
      int stride) {
    int headDim = shape.headDim();
    long first = ((long) batch * shape.keyCapacity() + key) * shape.kvHeads() + kvHead;
    for (int i = 0; i < some; i++) {
      long from = (first + (long) i * shape.kvHeads()) * headDim * Float.BYTES;
      MemorySegment.copy(stored, ValueLayout.JAVA_FLOAT, from, into, i * stride, headDim);
    }
  }

  private void score(AttentionShape shape, int vector, int seen) {
    int query = vector * LANES * shape.headDim();
    for (int key = 0; key < seen; key += HeadTile.KEYS) {
      HeadTile.score(keys, key * LINE_STRIDE, queries, query, shape.headDim(), scores, key * LANES);
    }
    if (shape.capped()) {
      SoftCap.bound(scores, seen * LANES, shape.softCap());
    }
  }

  /// Adds the bias of distances to the scores of a vector of heads from `head` on.
  private void addBias(AttentionShape shape, int head, int distance, int seen) {
    for (int lane = 0; lane < LANES && head + lane < shape.heads(); lane++) {
      float slope = (float) Alibi.slope(head + lane, shape.heads());
      for (int key = 0; key < seen; key++) {
        scores[key * LANES + lane] -= slope * Math.abs(distance - key);
      }
    }
  }

  private void mix(AttentionShape shape, int vector, int seen) {
    boolean moved = softmax.advanceNarrow(scores, seen, references, sums, vector * LANES);
    int columns = (shape.headDim() - 1) / COLUMNS + 1;
    int tile = tileLength();
    int at = vector * outputLength(shape);
    for (int head = 0; head < LANES; head += HeadTile.HEADS) {
      if (moved) {
        shrink(at, head, columns * tile);
      }
      for (int column = 0; column < columns; column++, at += tile) {
        HeadTile.mix(scores, head, values, column * COLUMNS, seen, outputs, at);
      }
    }
  }

  /// Multiplies the outputs of heads from `head` on, `length` floats from `at` on, by their
  /// factors.
  private void shrink(int at, int head, int length) {
    for (int i = 0; i < length; i += LANES) {
      float factor = softmax.factors()[head + i / COLUMNS % HeadTile.HEADS];
      FloatVector.fromArray(SPECIES, outputs, at + i).mul(factor).intoArray(outputs, at + i);
    }
  }

  private void finish(AttentionShape shape, int vector, int head, float[] results, int into) {
    int headDim = shape.headDim();
    float sum = sums[vector * LANES + head];
    int columns = (headDim - 1) / COLUMNS + 1;
    int tiles = vector * outputLength(shape) + head / HeadTile.HEADS * columns * tileLength();
    for (int d = 0; d < headDim; d++) {
      int tile = tiles + d / COLUMNS * tileLength();
      float output = outputs[tile + head % HeadTile.HEADS * COLUMNS + d % COLUMNS];
      results[into + d] = sum == 0 ? 0 : output / sum;
    }
    results[into + headDim] =
        sum == 0
            ? Float.NEGATIVE_INFINITY
            : (float) (references[vector * LANES + head] + StrictMath.log(sum));
  }

  private static int tileLength() {
    return HeadTile.HEADS * COLUMNS;
  }
}
