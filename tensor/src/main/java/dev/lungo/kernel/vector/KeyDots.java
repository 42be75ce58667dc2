package dev.lungo.kernel.vector;

import dev.lungo.kernel.MemoryInUse;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/// Dot products of one query with the rows of a key cache.
final class KeyDots {
  private KeyDots() {}

  /// Computes the products of a query at `query` with `count` keys, `stride` floats apart from
  /// `first` on. Up to three numbers behind the last product are overwritten, too.
  ///
  /// @param lanes room for [LaneSums#ROWS] vectors
  static void rows(
      MemorySegment q,
      long query,
      MemorySegment k,
      long first,
      long stride,
      int count,
      int headDim,
      float[] lanes,
      float[] products) {
    long qBytes = MemoryInUse.address(q, query << 2, headDim * 4L);
    long kBytes = MemoryInUse.address(k, first << 2, ((count - 1) * stride + headDim) << 2);
    int whole = headDim / Lanes.LENGTH * Lanes.LENGTH;
    for (int key = 0; key < count; key += LaneSums.ROWS) {
      long k0 = kBytes + key * stride * 4;
      long k1 = kBytes + Math.min(key + 1, count - 1) * stride * 4;
      long k2 = kBytes + Math.min(key + 2, count - 1) * stride * 4;
      long k3 = kBytes + Math.min(key + 3, count - 1) * stride * 4;
      rowsOfFour(qBytes, k0, k1, k2, k3, whole * Float.BYTES, lanes);
      LaneSums.of(lanes, products, key, LaneSums.ROWS);
    }
    for (int key = 0; whole < headDim && key < count; key++) {
      for (int d = whole; d < headDim; d++) {
        products[key] +=
            q.getAtIndex(ValueLayout.JAVA_FLOAT, query + d)
                * k.getAtIndex(ValueLayout.JAVA_FLOAT, first + key * stride + d);
      }
    }
  }

  private static void rowsOfFour(
      long q, long k0, long k1, long k2, long k3, int bytes, float[] lanes) {
    FloatVector sum0 = Lanes.zero();
    FloatVector sum1 = sum0;
    FloatVector sum2 = sum0;
    FloatVector sum3 = sum0;
    for (int at = 0; at < bytes; at += Lanes.LENGTH * Float.BYTES) {
      FloatVector x = Lanes.floats(NativeMemory.within(q + at));
      sum0 = Lanes.floats(NativeMemory.within(k0 + at)).fma(x, sum0);
      sum1 = Lanes.floats(NativeMemory.within(k1 + at)).fma(x, sum1);
      sum2 = Lanes.floats(NativeMemory.within(k2 + at)).fma(x, sum2);
      sum3 = Lanes.floats(NativeMemory.within(k3 + at)).fma(x, sum3);
    }
    sum0.intoArray(lanes, 0);
    sum1.intoArray(lanes, Lanes.LENGTH);
    sum2.intoArray(lanes, 2 * Lanes.LENGTH);
    sum3.intoArray(lanes, 3 * Lanes.LENGTH);
  }
}
