package dev.lungo.kernel.vector;

import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The keys that a sparse pattern picks for some queries, and copies of their rows, which then lie
/// next to each other. Belongs to one thread.
final class GatheredKeys {
  private int[] keys = new int[0];
  private int count;
  private MemorySegment keyRows = MemorySegment.NULL;
  private MemorySegment valueRows = MemorySegment.NULL;

  int count() {
    return count;
  }

  /// Returns key `index` of those picked.
  int key(int index) {
    return keys[index];
  }

  /// Picks the keys that queries `first` to `first + queries` see outside the run [from, to).
  void pickFar(AttentionShape shape, int first, int queries, int from, int to) {
    reserve(shape);
    int position = shape.position(first);
    count = shape.pattern().gatherFar(position, position + queries, from, to, shape.keys(), keys);
  }

  /// Picks the keys, ascending, that queries `first` to `first + queries` see.
  void pickAll(AttentionShape shape, int batch, int first, int queries) {
    int from = shape.hiddenKeys(first);
    int to = Math.max(from, shape.visibleKeys(batch, first + queries - 1));
    pickFar(shape, first, queries, from, to);
    int before = 0;
    while (before < count && keys[before] < from) {
      before++;
    }
    System.arraycopy(keys, before, keys, before + to - from, count - before);
    for (int key = from; key < to; key++) {
      keys[before + key - from] = key;
    }
    count += to - from;
  }

  /// Picks exactly the keys that one query sees.
  void pickFor(AttentionShape shape, int batch, int query) {
    pickAll(shape, batch, query, 1);
    int seen = 0;
    for (int i = 0; i < count; i++) {
      if (shape.sees(batch, query, keys[i])) {
        keys[seen++] = keys[i];
      }
    }
    count = seen;
  }

  private void reserve(AttentionShape shape) {
    if (keys.length < shape.keys()) {
      keys = new int[shape.keys() + shape.keys() / 2];
    }
  }

  /// Copies the rows of `some` of the picked keys from index `at` on.
  void copy(
      AttentionShape shape,
      int batch,
      int kvHead,
      MemorySegment k,
      MemorySegment v,
      int at,
      int some) {
    long rowBytes = (long) shape.headDim() * Float.BYTES;
    if (keyRows.byteSize() < some * rowBytes) {
      Arena arena = Arena.ofAuto();
      keyRows = arena.allocate(some * rowBytes, Float.BYTES);
      valueRows = arena.allocate(some * rowBytes, Float.BYTES);
    }
    for (int i = 0; i < some; i++) {
      long from =
          (((long) batch * shape.keyCapacity() + keys[at + i]) * shape.kvHeads() + kvHead)
              * rowBytes;
      MemorySegment.copy(k, from, keyRows, i * rowBytes, rowBytes);
      MemorySegment.copy(v, from, valueRows, i * rowBytes, rowBytes);
    }
  }

  /// Returns the copied rows of keys, D floats each.
  MemorySegment keyRows() {
    return keyRows;
  }

  MemorySegment valueRows() {
    return valueRows;
  }

  /// Adds a row to that of a picked key in `to`, which is shaped like the keys.
  void addRow(
      AttentionShape shape,
      int batch,
      int kvHead,
      int index,
      float[] row,
      float[] sums,
      MemorySegment to) {
    int headDim = shape.headDim();
    long from =
        (((long) batch * shape.keyCapacity() + keys[index]) * shape.kvHeads() + kvHead)
            * headDim
            * Float.BYTES;
    MemorySegment.copy(to, ValueLayout.JAVA_FLOAT, from, sums, 0, headDim);
    for (int d = 0; d < headDim; d++) {
      sums[d] += row[d];
    }
    MemorySegment.copy(sums, 0, to, ValueLayout.JAVA_FLOAT, from, headDim);
  }
}
