package dev.lungo.model;

import dev.lungo.nn.KvCache;
import dev.lungo.tensor.Tensor;

/// What a decoder keeps while it writes: the keys and values of what it wrote, and those of the
/// sources, which are computed once. Each source may have several targets in the making, which read
/// the same keys.
public final class DecoderState {
  private final KvCache written;
  private final Tensor[] keys;
  private final Tensor[] values;
  private final int[] sourceLengths;

  DecoderState(KvCache written, Tensor[] keys, Tensor[] values, int[] sourceLengths) {
    this.written = written;
    this.keys = keys;
    this.values = values;
    this.sourceLengths = sourceLengths;
  }

  /// Returns how many positions are written.
  public int length() {
    return written.length();
  }

  /// Returns how many positions there is room for.
  public int capacity() {
    return written.capacity();
  }

  /// Makes target i what target `sources[i]` is now. Of several sources, each must keep as many
  /// targets as every other, and its own.
  public void select(int... sources) {
    if (sources.length % sourceLengths.length != 0) {
      throw new IllegalArgumentException(
          "decoder: "
              + sources.length
              + " targets cannot be shared out among "
              + sourceLengths.length
              + " sources");
    }
    written.select(sources);
  }

  KvCache written() {
    return written;
  }

  /// (sources, S, H, D)
  Tensor keys(int layer) {
    return keys[layer];
  }

  Tensor values(int layer) {
    return values[layer];
  }

  int[] sourceLengths() {
    return sourceLengths;
  }
}
