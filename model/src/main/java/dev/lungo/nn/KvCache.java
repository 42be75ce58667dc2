package dev.lungo.nn;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.op.Attention;
import dev.lungo.op.Pass;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.MemorySegment;

/// The keys and values of the positions that a model has seen, layer by layer, so that each is
/// computed once.
public final class KvCache {
  private final Tensor[] keys;
  private final Tensor[] values;
  private final int batch;
  private final int capacity;
  private int length;

  /// Reserves memory for `capacity` positions of `batch` sequences.
  public KvCache(
      Workspace workspace, int layers, int batch, int capacity, int kvHeads, int headDim) {
    this.batch = batch;
    this.capacity = capacity;
    keys = new Tensor[layers];
    values = new Tensor[layers];
    for (int layer = 0; layer < layers; layer++) {
      keys[layer] = workspace.allocate(batch, capacity, kvHeads, headDim);
      values[layer] = workspace.allocate(batch, capacity, kvHeads, headDim);
    }
  }

  /// Returns how many positions are filled.
  public int length() {
    return length;
  }

  public int capacity() {
    return capacity;
  }

  /// Forgets the positions from `length` on.
  public void truncate(int length) {
    if (length < 0 || length > this.length) {
      throw new IllegalArgumentException(
          "cache: cannot truncate " + this.length + " positions to " + length);
    }
    this.length = length;
  }

  /// Stores the keys and values of new positions and attends from them to all positions so far. The
  /// length grows only with [#advance], once every layer has done this.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, T, KV heads, D); `v` likewise
  /// @return (B, T, H, D)
  Tensor attend(Pass pass, int layer, AttentionRule rule, Tensor q, Tensor k, Tensor v) {
    int count = k.shape().dimension(1);
    if (length + count > capacity) {
      throw new IllegalArgumentException(
          "cache: "
              + length
              + " positions and "
              + count
              + " more exceed its capacity of "
              + capacity);
    }
    store(k, keys[layer], count);
    store(v, values[layer], count);
    AttentionShape shape =
        rule.shape(
            batch,
            count,
            length + count,
            capacity,
            q.shape().dimension(2),
            k.shape().dimension(2),
            q.shape().width());
    return Attention.attention(pass, shape, q, keys[layer], values[layer]);
  }

  private void store(Tensor from, Tensor to, int count) {
    long rowBytes = from.data().byteSize() / ((long) batch * count);
    for (int b = 0; b < batch; b++) {
      MemorySegment.copy(
          from.data(),
          (long) b * count * rowBytes,
          to.data(),
          ((long) b * capacity + length) * rowBytes,
          count * rowBytes);
    }
  }

  /// Counts positions that every layer has stored.
  public void advance(int count) {
    length += count;
  }
}
