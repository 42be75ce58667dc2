package dev.lungo.bench;

import java.util.ArrayList;
import java.util.List;

/// One operation at one size, to be computed by us and by a peer.
///
/// @param name of the case
/// @param inputs the shapes of the float inputs, in the order the operation takes them
/// @param ids integer inputs: ids to embed, or targets (none counts that is -1)
/// @param parameter ε of a norm; base of rotary angles; otherwise unused
public record OperationCase(
    String name, Kind kind, List<int[]> inputs, int[] ids, double parameter) {
  /// What is computed.
  public enum Kind {
    /// x (N, in), weight (out, in)
    LINEAR,
    /// x (N, in), weight (out, in), bias (out)
    LINEAR_BIAS,
    /// x (N, C), weight (C)
    RMS_NORM,
    /// x (N, C), weight (C), bias (C)
    LAYER_NORM,
    /// gate (N, F), up (N, F)
    SWIGLU,
    /// x; the tanh approximation
    GELU,
    /// x
    RELU,
    /// x (N, C), weight (V, C), targets (N): the mean loss of softmax(x·Wᵀ)
    CROSS_ENTROPY,
    /// q (B, T, H, D), k and v (B, T, KV heads, D)
    CAUSAL_ATTENTION,
    /// ids (N), table (V, C)
    EMBEDDING,
    /// x (B, T, H, D); pairs (i, i + D/2)
    ROTARY_HALVES,
    /// x (B, T, H, D); pairs (2i, 2i + 1)
    ROTARY_INTERLEAVED
  }

  /// What an operation came to.
  ///
  /// @param output row-major
  /// @param gradients of each input, row-major
  public record Outcome(float[] output, List<float[]> gradients) {}

  /// Returns how many numbers the input at `index` has.
  public int elements(int index) {
    int product = 1;
    for (int dimension : inputs.get(index)) {
      product *= dimension;
    }
    return product;
  }

  static List<OperationCase> all() {
    List<OperationCase> all = new ArrayList<>();
    for (int[] size : new int[][] {{2048, 256, 672}, {1, 1, 1}, {37, 129, 65}}) {
      int[] x = {size[0], size[1]};
      int[] weight = {size[2], size[1]};
      all.add(plain("linear", Kind.LINEAR, x, weight));
      all.add(plain("linear with bias", Kind.LINEAR_BIAS, x, weight, new int[] {size[2]}));
    }
    for (int[] size : new int[][] {{2048, 256}, {5, 3}, {33, 77}}) {
      int[] row = {size[1]};
      all.add(of("rms_norm", Kind.RMS_NORM, new int[0], 1e-5, size, row));
      all.add(of("layer_norm", Kind.LAYER_NORM, new int[0], 1e-5, size, row, row));
    }
    for (int[] size : new int[][] {{2048, 672}, {3, 29}}) {
      all.add(plain("silu(gate)*up", Kind.SWIGLU, size, size));
      all.add(plain("gelu tanh", Kind.GELU, size));
      all.add(plain("relu", Kind.RELU, size));
    }
    for (int[] size : new int[][] {{2048, 64, 4096}, {7, 5, 3}}) {
      int[] x = {size[0], size[1]};
      int[] weight = {size[2], size[1]};
      all.add(of("cross_entropy", Kind.CROSS_ENTROPY, spread(size[0], size[2], -1), 0, x, weight));
    }
    for (int[] size :
        new int[][] {{2, 256, 4, 4, 64}, {2, 65, 6, 2, 32}, {1, 33, 8, 1, 16}, {3, 2, 2, 2, 8}}) {
      int[] q = {size[0], size[1], size[2], size[4]};
      int[] k = {size[0], size[1], size[3], size[4]};
      all.add(plain("attention", Kind.CAUSAL_ATTENTION, q, k, k));
      all.add(of("rotary halves", Kind.ROTARY_HALVES, new int[0], 10_000, q));
      all.add(of("rotary interleaved", Kind.ROTARY_INTERLEAVED, new int[0], 10_000, q));
    }
    all.add(of("embedding", Kind.EMBEDDING, spread(2048, 4096, 0), 0, new int[] {4096, 256}));
    all.add(of("embedding", Kind.EMBEDDING, spread(50, 7, 0), 0, new int[] {7, 13}));
    return all;
  }

  private static OperationCase plain(String name, Kind kind, int[]... inputs) {
    return of(name, kind, new int[0], 0, inputs);
  }

  private static OperationCase of(
      String name, Kind kind, int[] ids, double parameter, int[]... inputs) {
    StringBuilder sizes = new StringBuilder(name);
    for (int i = 0; i < inputs[0].length; i++) {
      sizes.append(i == 0 ? " " : "x").append(inputs[0][i]);
    }
    if (inputs.length > 1 && inputs[1].length > 1) {
      sizes.append(kind == Kind.CAUSAL_ATTENTION ? " kv " + inputs[1][2] : " to " + inputs[1][0]);
    }
    return new OperationCase(sizes.toString(), kind, List.of(inputs), ids, parameter);
  }

  /// Returns `count` ids in [least, bound), with repeats.
  private static int[] spread(int count, int bound, int least) {
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = Math.floorMod(i * 40503 + i / 3, bound - least) + least;
    }
    return ids;
  }
}
