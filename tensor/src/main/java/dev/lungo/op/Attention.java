package dev.lungo.op;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.quant.BlockFormat;
import dev.lungo.tensor.Tensor;

/// Scaled dot-product attention (arXiv:1706.03762) over one or more heads, with as many or fewer
/// key/value heads (arXiv:2305.13245).
public final class Attention {
  private Attention() {}

  /// Computes softmax(q·kᵀ/√D)·v, where each position sees itself and those before it.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, T, KV heads, D); `v` likewise
  /// @return (B, T, H, D)
  public static Tensor causal(Pass pass, Tensor q, Tensor k, Tensor v) {
    check(q, k, v);
    AttentionShape shape =
        AttentionShape.training(
            q.shape().dimension(0),
            q.shape().dimension(1),
            q.shape().dimension(2),
            k.shape().dimension(2),
            q.shape().width());
    if (k.shape().dimension(1) != shape.keys()) {
      throw new IllegalArgumentException(
          "attention: q " + q.shape() + " and k " + k.shape() + " differ in length");
    }
    return attention(pass, shape, q, k, v);
  }

  /// Computes attention of any [AttentionShape].
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, capacity, KV heads, D); `v` likewise
  /// @return (B, T, H, D)
  public static Tensor attention(Pass pass, AttentionShape shape, Tensor q, Tensor k, Tensor v) {
    check(q, k, v);
    Tensor out = pass.allocate(q.shape());
    Tensor logSumExp = pass.allocate(shape.batch(), shape.heads(), shape.queries());
    pass.kernels()
        .attention()
        .attention(shape, q.data(), k.data(), v.data(), out.data(), logSumExp.data());
    if (pass.records() && (q.requiresGradient() || k.requiresGradient() || v.requiresGradient())) {
      pass.record(new Saved(shape, q, k, v, logSumExp, out));
    }
    return out;
  }

  /// Computes attention to keys and values that are stored in a block format and are decoded where
  /// they are used. For inference.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, capacity, KV heads · D); `v` likewise
  /// @return (B, T, H, D)
  public static Tensor toStored(Pass pass, AttentionShape shape, Tensor q, Tensor k, Tensor v) {
    BlockFormat format =
        k.type()
            .format()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "attention: " + k.type() + " is not stored in blocks"));
    if (k.type() != v.type()
        || !k.shape().equals(v.shape())
        || k.shape().width() != shape.kvHeads() * shape.headDim()
        || q.elements()
            != (long) shape.batch() * shape.queries() * shape.heads() * shape.headDim()) {
      throw new IllegalArgumentException(
          "attention: q " + q + ", k " + k + ", v " + v + " do not have the sizes of " + shape);
    }
    Tensor out = pass.allocate(q.shape());
    pass.kernels()
        .attention()
        .attentionToStored(shape, format, q.data(), k.data(), v.data(), out.data());
    return out;
  }

  private static void check(Tensor q, Tensor k, Tensor v) {
    if (q.shape().rank() != 4
        || !k.shape().equals(v.shape())
        || q.shape().width() != k.shape().width()
        || q.shape().dimension(0) != k.shape().dimension(0)) {
      throw new IllegalArgumentException(
          "attention: q "
              + q.shape()
              + ", k "
              + k.shape()
              + ", v "
              + v.shape()
              + " must be (B, T, H, D) and twice (B, S, KV heads, D)");
    }
  }

  private record Saved(
      AttentionShape shape, Tensor q, Tensor k, Tensor v, Tensor logSumExp, Tensor output)
      implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .attention()
          .attentionBackward(
              shape,
              dOut.data(),
              q.data(),
              k.data(),
              v.data(),
              output.data(),
              logSumExp.data(),
              pass.gradient(q).data(),
              pass.gradient(k).data(),
              pass.gradient(v).data());
    }
  }

  /// The formula.
  static double[] reference(AttentionShape shape, double[] q, double[] k, double[] v) {
    int headDim = shape.headDim();
    double[] out = new double[q.length];
    for (int b = 0; b < shape.batch(); b++) {
      for (int t = 0; t < shape.queries(); t++) {
        for (int h = 0; h < shape.heads(); h++) {
          int kvHead = h * shape.kvHeads() / shape.heads();
          int query = ((b * shape.queries() + t) * shape.heads() + h) * headDim;
          double[] weights = new double[shape.keys()];
          double sum = 0;
          for (int s = 0; s < shape.keys(); s++) {
            if (!shape.sees(b, t, s)) {
              continue;
            }
            int key = ((b * shape.keyCapacity() + s) * shape.kvHeads() + kvHead) * headDim;
            double score = 0;
            for (int d = 0; d < headDim; d++) {
              score += q[query + d] * k[key + d];
            }
            score *= shape.scale();
            if (shape.capped()) {
              score = shape.softCap() * Math.tanh(score / shape.softCap());
            }
            weights[s] = Math.exp(score + shape.bias(h, t, s));
            sum += weights[s];
          }
          for (int s = 0; s < shape.keys(); s++) {
            int value = ((b * shape.keyCapacity() + s) * shape.kvHeads() + kvHead) * headDim;
            for (int d = 0; d < headDim; d++) {
              out[query + d] += weights[s] / sum * v[value + d];
            }
          }
        }
      }
    }
    return out;
  }
}
