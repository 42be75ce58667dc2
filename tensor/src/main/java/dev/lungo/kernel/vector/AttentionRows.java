package dev.lungo.kernel.vector;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.MemoryInUse;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Attention of a few queries, as in decoding: reads the keys once and the values once, where they
/// are. Belongs to one thread.
final class AttentionRows {
  private final float[] lanes = new float[LaneSums.ROWS * Lanes.LENGTH];
  private final GatheredKeys gathered = new GatheredKeys();
  private final float[] mixed = new float[4 * Lanes.LENGTH];
  private float[] scores = new float[0];

  /// Attends from every query of the heads that read key/value head `kvHead`.
  void attend(
      AttentionShape shape,
      int batch,
      int kvHead,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    long stride = (long) shape.kvHeads() * shape.headDim();
    long first = (long) batch * shape.keyCapacity() * stride + (long) kvHead * shape.headDim();
    for (int query = 0; query < shape.queries(); query++) {
      if (shape.pattern().contiguous()) {
        int hidden = shape.hiddenKeys(query);
        int visible = shape.visibleKeys(batch, query) - hidden;
        attendRow(
            shape,
            batch,
            kvHead,
            query,
            q,
            k,
            v,
            first + hidden * stride,
            stride,
            visible,
            hidden,
            out,
            logSumExp);
      } else {
        gathered.pickFor(shape, batch, query);
        gathered.copy(shape, batch, kvHead, k, v, 0, gathered.count());
        attendRow(
            shape,
            batch,
            kvHead,
            query,
            q,
            gathered.keyRows(),
            gathered.valueRows(),
            0,
            shape.headDim(),
            gathered.count(),
            0,
            out,
            logSumExp);
      }
    }
  }

  /// Attends from one query to `visible` keys, `stride` apart from `start` on.
  private void attendRow(
      AttentionShape shape,
      int batch,
      int kvHead,
      int query,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      long start,
      long stride,
      int visible,
      int hidden,
      MemorySegment out,
      MemorySegment logSumExp) {
    if (scores.length < visible + Lanes.LENGTH) {
      // With room to spare: in decoding there is one key more each time.
      scores = new float[(visible + Lanes.LENGTH) / 2 * 3];
    }
    int group = shape.group();
    for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
      long row =
          (((long) batch * shape.queries() + query) * shape.heads() + head) * shape.headDim();
      KeyDots.rows(q, row, k, start, stride, visible, shape.headDim(), lanes, scores);
      for (int key = 0; key < visible; key++) {
        scores[key] *= shape.scale();
      }
      if (shape.capped()) {
        SoftCap.bound(scores, visible, shape.softCap());
      }
      if (shape.alibi()) {
        addBias(shape, head, query, hidden, visible);
      }
      float maximum = maximum(visible);
      double sum = weights(visible, maximum);
      mix(shape.headDim(), v, start, stride, visible, (float) (1 / sum), out, row);
      long at = ((long) batch * shape.heads() + head) * shape.queries() + query;
      logSumExp.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) (maximum + StrictMath.log(sum)));
    }
  }

  private void addBias(AttentionShape shape, int head, int query, int hidden, int visible) {
    float slope = (float) Alibi.slope(head, shape.heads());
    int position = shape.position(query);
    boolean run = shape.pattern().contiguous();
    for (int i = 0; i < visible; i++) {
      int key = run ? hidden + i : gathered.key(i);
      scores[i] -= slope * Math.abs(position - key);
    }
  }

  private float maximum(int visible) {
    FloatVector most = FloatVector.broadcast(Lanes.SPECIES, Float.NEGATIVE_INFINITY);
    int whole = Lanes.SPECIES.loopBound(visible);
    for (int key = 0; key < whole; key += Lanes.LENGTH) {
      most = most.max(FloatVector.fromArray(Lanes.SPECIES, scores, key));
    }
    float maximum = most.reduceLanes(VectorOperators.MAX);
    for (int key = whole; key < visible; key++) {
      maximum = Math.max(maximum, scores[key]);
    }
    return maximum;
  }

  /// Leaves exponentials in `scores` and returns their sum: in float64, four at a time, so that no
  /// addition waits for the one before it.
  private double weights(int visible, float maximum) {
    for (int key = 0; key < visible; key += Lanes.LENGTH) {
      FloatVector score = FloatVector.fromArray(Lanes.SPECIES, scores, key);
      ExponentialLanes.exp(score.sub(maximum)).intoArray(scores, key);
    }
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int key = 0;
    for (; key <= visible - 4; key += 4) {
      sum0 += scores[key];
      sum1 += scores[key + 1];
      sum2 += scores[key + 2];
      sum3 += scores[key + 3];
    }
    for (; key < visible; key++) {
      sum0 += scores[key];
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }

  private void mix(
      int headDim,
      MemorySegment v,
      long first,
      long stride,
      int visible,
      float factor,
      MemorySegment out,
      long row) {
    int d = 0;
    for (; d + 4 * Lanes.LENGTH <= headDim; d += 4 * Lanes.LENGTH) {
      mixFourVectors(v, first + d, stride, visible, factor, out, row + d);
    }
    for (; d + Lanes.LENGTH <= headDim; d += Lanes.LENGTH) {
      FloatVector sum = Lanes.zero();
      for (int key = 0; key < visible; key++) {
        sum =
            Lanes.load(v, first + d + key * stride)
                .fma(FloatVector.broadcast(Lanes.SPECIES, scores[key]), sum);
      }
      Lanes.store(sum.mul(factor), out, row + d);
    }
    for (; d < headDim; d++) {
      float sum = 0;
      for (int key = 0; key < visible; key++) {
        sum += v.getAtIndex(ValueLayout.JAVA_FLOAT, first + d + key * stride) * scores[key];
      }
      out.setAtIndex(ValueLayout.JAVA_FLOAT, row + d, sum * factor);
    }
  }

  private void mixFourVectors(
      MemorySegment v,
      long first,
      long stride,
      int visible,
      float factor,
      MemorySegment out,
      long row) {
    int lanes = Lanes.LENGTH;
    FloatVector sum0 = Lanes.zero();
    FloatVector sum1 = sum0;
    FloatVector sum2 = sum0;
    FloatVector sum3 = sum0;
    int bytes = lanes * Float.BYTES;
    long start = MemoryInUse.address(v, first << 2, ((visible - 1) * stride + 4L * lanes) << 2);
    for (int key = 0; key < visible; key++) {
      long at = NativeMemory.within(start + key * stride * 4);
      FloatVector weight = FloatVector.broadcast(Lanes.SPECIES, scores[key]);
      sum0 = Lanes.floats(at).fma(weight, sum0);
      sum1 = Lanes.floats(at + bytes).fma(weight, sum1);
      sum2 = Lanes.floats(at + 2 * bytes).fma(weight, sum2);
      sum3 = Lanes.floats(at + 3 * bytes).fma(weight, sum3);
    }
    // By way of an array: with stores to memory here, every vector above became an object.
    sum0.mul(factor).intoArray(mixed, 0);
    sum1.mul(factor).intoArray(mixed, lanes);
    sum2.mul(factor).intoArray(mixed, 2 * lanes);
    sum3.mul(factor).intoArray(mixed, 3 * lanes);
    MemorySegment.copy(mixed, 0, out, ValueLayout.JAVA_FLOAT, row * Float.BYTES, 4 * lanes);
  }
}
