package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.SPECIES;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Attention of a few queries to keys and values in a block format: some positions are decoded into
/// the first-level cache, and all queries of the heads that share them use them there. Belongs to
/// one thread.
///
/// Each sum runs over the positions in their order, so a query's bits do not depend on which other
/// queries come with it.
final class StoredAttentionRows {
  /// Positions that are decoded at once.
  private static final int POSITIONS = 32;

  private final GatheredKeys keys = new GatheredKeys();
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

    void decode(MemorySegment stored, GatheredKeys keys, int at, int count, float[] into) {
      for (int i = 0; i < count; i++) {
        format.decode(stored, offset + keys.key(at + i) * stride, into, i * width, width);
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
    int group = shape.group();
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
    keys.pickAll(shape, batch, 0, shape.queries());
    int count = keys.count();
    for (int at = 0; at < count; at += POSITIONS) {
      int some = Math.min(POSITIONS, count - at);
      place.decode(k, keys, at, some, decoded);
      for (int row = 0; row < rows; row++) {
        score(shape, place, batch, row / group, row, line, at, some);
        if (shape.alibi()) {
          addBias(shape, kvHead * group + row % group, row / group, row * line, at, some);
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      weigh(row * line, count);
    }
    Arrays.fill(mixed, 0, rows * headDim, 0);
    for (int at = 0; at < count; at += POSITIONS) {
      int some = Math.min(POSITIONS, count - at);
      place.decode(v, keys, at, some, decoded);
      for (int row = 0; row < rows; row++) {
        mix(headDim, place, row, line, at, some);
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
    // With room to spare: in decoding there is one key more each time.
    return array.length < length ? new float[length + length / 2] : array;
  }

  /// Scores `some` decoded keys, which are those from `first` on among the picked.
  private void score(
      AttentionShape shape,
      Place place,
      int batch,
      int query,
      int row,
      int line,
      int first,
      int some) {
    int headDim = shape.headDim();
    int whole = headDim / LENGTH * LENGTH;
    int from = row * headDim;
    for (int i = 0; i < some; i++) {
      if (!shape.sees(batch, query, keys.key(first + i))) {
        scores[row * line + first + i] = Float.NEGATIVE_INFINITY;
        continue;
      }
      int at = i * place.width + place.skip;
      FloatVector sum = Lanes.zero();
      for (int d = 0; d < whole; d += LENGTH) {
        FloatVector number = FloatVector.fromArray(SPECIES, decoded, at + d);
        sum = FloatVector.fromArray(SPECIES, queries, from + d).fma(number, sum);
      }
      float total = Lanes.sum(sum);
      for (int d = whole; d < headDim; d++) {
        total += queries[from + d] * decoded[at + d];
      }
      scores[row * line + first + i] = total * shape.scale();
    }
    if (shape.capped()) {
      bound(row * line + first, some, shape.softCap());
    }
  }

  private void bound(int start, int count, float cap) {
    for (int i = start; i < start + count; i += LENGTH) {
      FloatVector score = FloatVector.fromArray(SPECIES, scores, i);
      FloatVector bounded = ExponentialLanes.tanh(score.div(cap)).mul(cap);
      // Hidden keys stay hidden.
      bounded
          .blend(score, score.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY))
          .intoArray(scores, i);
    }
  }

  private void addBias(AttentionShape shape, int head, int query, int start, int first, int some) {
    float slope = (float) Alibi.slope(head, shape.heads());
    for (int i = first; i < first + some; i++) {
      scores[start + i] -= slope * Math.abs(shape.position(query) - keys.key(i));
    }
  }

  /// Turns the scores of one row into weights whose sum is 1.
  private void weigh(int start, int count) {
    float maximum = Float.NEGATIVE_INFINITY;
    for (int i = start; i < start + count; i++) {
      maximum = Math.max(maximum, scores[i]);
    }
    double sum = 0;
    for (int i = start; i < start + count; i += LENGTH) {
      FloatVector score = FloatVector.fromArray(SPECIES, scores, i);
      ExponentialLanes.exp(score.sub(maximum)).intoArray(scores, i);
    }
    for (int i = start; i < start + count; i++) {
      sum += scores[i];
    }
    float factor = (float) (1 / sum);
    for (int i = start; i < start + count; i++) {
      scores[i] *= factor;
    }
  }

  private void mix(int headDim, Place place, int row, int line, int first, int some) {
    int d = 0;
    int output = row * headDim;
    int weights = row * line + first;
    for (; d + LENGTH <= headDim; d += LENGTH) {
      FloatVector sum = FloatVector.fromArray(SPECIES, mixed, output + d);
      for (int i = 0; i < some; i++) {
        FloatVector number =
            FloatVector.fromArray(SPECIES, decoded, i * place.width + place.skip + d);
        sum = number.fma(sum.broadcast(scores[weights + i]), sum);
      }
      sum.intoArray(mixed, output + d);
    }
    for (; d < headDim; d++) {
      float sum = mixed[output + d];
      for (int i = 0; i < some; i++) {
        sum += decoded[i * place.width + place.skip + d] * scores[weights + i];
      }
      mixed[output + d] = sum;
    }
  }
}
