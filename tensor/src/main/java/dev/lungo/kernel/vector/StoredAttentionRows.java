package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.SPECIES;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Attention of a few queries to keys and values in a block format: some positions are decoded into
/// the first-level cache, and all queries of the heads that share them use them there. Belongs to
/// one thread.
///
/// Each sum runs over the positions in their order, so a query's bits do not depend on which other
/// queries come with it.
final class StoredAttentionRows {
  /// Positions that are decoded at once.
  private static final int POSITIONS = 32;

  private float[] queries = new float[0];
  private float[] decoded = new float[0];
  private float[] scores = new float[0];
  private float[] mixed = new float[0];

  /// Where the numbers of one key/value head are.
  ///
  /// @param offset byte at which the first position's blocks start that hold some of them
  /// @param stride bytes from one position to the next
  /// @param width numbers in these blocks
  /// @param skip numbers of other heads before them
  private record Place(BlockFormat format, long offset, long stride, int width, int skip) {
    static Place of(AttentionShape shape, BlockFormat format, int batch, int kvHead) {
      int elements = format.blockElements();
      long stride = format.bytes((long) shape.kvHeads() * shape.headDim());
      int from = kvHead * shape.headDim();
      int block = from / elements;
      int end = (from + shape.headDim() - 1) / elements + 1;
      long offset =
          (long) batch * shape.keyCapacity() * stride + (long) block * format.blockBytes();
      return new Place(format, offset, stride, (end - block) * elements, from - block * elements);
    }

    void decode(MemorySegment stored, int position, int count, float[] into) {
      for (int i = 0; i < count; i++) {
        format.decode(stored, offset + (position + i) * stride, into, i * width, width);
      }
    }
  }

  /// Attends from every query of the heads that read key/value head `kvHead`.
  void attend(
      AttentionShape shape,
      BlockFormat format,
      int batch,
      int kvHead,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out) {
    int headDim = shape.headDim();
    int group = shape.heads() / shape.kvHeads();
    int rows = shape.queries() * group;
    int line = shape.keys() + LENGTH;
    Place place = Place.of(shape, format, batch, kvHead);
    reserve(rows, headDim, line, place.width);
    for (int query = 0; query < shape.queries(); query++) {
      MemorySegment.copy(
          q,
          ValueLayout.JAVA_FLOAT,
          queryRow(shape, batch, query, kvHead * group) * Float.BYTES,
          queries,
          query * group * headDim,
          group * headDim);
    }
    int first = shape.hiddenKeys(0);
    for (int key = first; key < shape.keys(); key += POSITIONS) {
      int some = Math.min(POSITIONS, shape.keys() - key);
      place.decode(k, key, some, decoded);
      for (int row = 0; row < rows; row++) {
        int from = Math.max(key, shape.hiddenKeys(row / group));
        int to = Math.min(key + some, shape.visibleKeys(row / group));
        score(shape, place, row, line, key, from, to);
      }
    }
    for (int row = 0; row < rows; row++) {
      int hidden = shape.hiddenKeys(row / group);
      weigh(shape, row * line + hidden, shape.visibleKeys(row / group) - hidden);
    }
    Arrays.fill(mixed, 0, rows * headDim, 0);
    for (int key = first; key < shape.keys(); key += POSITIONS) {
      int some = Math.min(POSITIONS, shape.keys() - key);
      place.decode(v, key, some, decoded);
      for (int row = 0; row < rows; row++) {
        int from = Math.max(key, shape.hiddenKeys(row / group));
        int to = Math.min(key + some, shape.visibleKeys(row / group));
        mix(headDim, place, row, line, key, from, to);
      }
    }
    for (int query = 0; query < shape.queries(); query++) {
      MemorySegment.copy(
          mixed,
          query * group * headDim,
          out,
          ValueLayout.JAVA_FLOAT,
          queryRow(shape, batch, query, kvHead * group) * Float.BYTES,
          group * headDim);
    }
  }

  private static long queryRow(AttentionShape shape, int batch, int query, int head) {
    return (((long) batch * shape.queries() + query) * shape.heads() + head) * shape.headDim();
  }

  private void reserve(int rows, int headDim, int line, int width) {
    queries = atLeast(queries, rows * headDim);
    mixed = atLeast(mixed, rows * headDim);
    scores = atLeast(scores, rows * line);
    decoded = atLeast(decoded, POSITIONS * width);
  }

  private static float[] atLeast(float[] array, int length) {
    return array.length < length ? new float[length] : array;
  }

  /// Scores the positions `from` to before `to`, of which those from `key` on are decoded.
  private void score(
      AttentionShape shape, Place place, int row, int line, int key, int from, int to) {
    int headDim = shape.headDim();
    int whole = headDim / LENGTH * LENGTH;
    int query = row * headDim;
    for (int position = from; position < to; position++) {
      int at = (position - key) * place.width + place.skip;
      FloatVector sum = Lanes.zero();
      for (int d = 0; d < whole; d += LENGTH) {
        FloatVector number = FloatVector.fromArray(SPECIES, decoded, at + d);
        sum = FloatVector.fromArray(SPECIES, queries, query + d).fma(number, sum);
      }
      float total = Lanes.sum(sum);
      for (int d = whole; d < headDim; d++) {
        total += queries[query + d] * decoded[at + d];
      }
      scores[row * line + position] = total * shape.scale();
    }
  }

  /// Turns the scores of one row into weights whose sum is 1.
  private void weigh(AttentionShape shape, int start, int count) {
    if (shape.capped()) {
      for (int i = start; i < start + count; i += LENGTH) {
        FloatVector score = FloatVector.fromArray(SPECIES, scores, i);
        SoftCap.tanh(score.div(shape.softCap())).mul(shape.softCap()).intoArray(scores, i);
      }
    }
    float maximum = Float.NEGATIVE_INFINITY;
    for (int i = start; i < start + count; i++) {
      maximum = Math.max(maximum, scores[i]);
    }
    double sum = 0;
    for (int i = start; i < start + count; i += LENGTH) {
      FloatVector score = FloatVector.fromArray(SPECIES, scores, i);
      VectorExponential.exp(score.sub(maximum)).intoArray(scores, i);
    }
    for (int i = start; i < start + count; i++) {
      sum += scores[i];
    }
    float factor = (float) (1 / sum);
    for (int i = start; i < start + count; i++) {
      scores[i] *= factor;
    }
  }

  private void mix(int headDim, Place place, int row, int line, int key, int from, int to) {
    int d = 0;
    int output = row * headDim;
    for (; d + LENGTH <= headDim; d += LENGTH) {
      FloatVector sum = FloatVector.fromArray(SPECIES, mixed, output + d);
      for (int position = from; position < to; position++) {
        FloatVector number =
            FloatVector.fromArray(
                SPECIES, decoded, (position - key) * place.width + place.skip + d);
        sum = number.fma(sum.broadcast(scores[row * line + position]), sum);
      }
      sum.intoArray(mixed, output + d);
    }
    for (; d < headDim; d++) {
      float sum = mixed[output + d];
      for (int position = from; position < to; position++) {
        sum +=
            decoded[(position - key) * place.width + place.skip + d]
                * scores[row * line + position];
      }
      mixed[output + d] = sum;
    }
  }
}
