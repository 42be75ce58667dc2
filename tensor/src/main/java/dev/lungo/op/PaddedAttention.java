package dev.lungo.op;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.tensor.Tensor;

/// Attention to all keys of each sequence but its padding: what an encoder does with itself, and a
/// decoder with an encoder (arXiv:1706.03762).
public final class PaddedAttention {
  private PaddedAttention() {}

  /// Computes softmax(q·kᵀ/√D)·v over the first `keyLengths[b]` keys of sequence b.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, S, H, D); `v` likewise
  /// @param keyLengths of each sequence, from 1 to S
  /// @return (B, T, H, D)
  public static Tensor attend(Pass pass, Tensor q, Tensor k, Tensor v, int... keyLengths) {
    int batch = q.shape().dimension(0);
    if (q.shape().rank() != 4
        || !k.shape().equals(v.shape())
        || k.shape().dimension(0) != batch
        || k.shape().dimension(2) != q.shape().dimension(2)
        || k.shape().width() != q.shape().width()
        || keyLengths.length != batch) {
      throw new IllegalArgumentException(
          "attention: q "
              + q.shape()
              + ", k "
              + k.shape()
              + ", v "
              + v.shape()
              + " and "
              + keyLengths.length
              + " lengths must be (B, T, H, D), twice (B, S, H, D) and B");
    }
    Saved saved =
        new Saved(
            q,
            k,
            v,
            keyLengths.clone(),
            pass.allocate(batch, q.shape().dimension(2), q.shape().dimension(1)),
            pass.allocate(q.shape()));
    saved.forward(pass);
    if (pass.records() && (q.requiresGradient() || k.requiresGradient() || v.requiresGradient())) {
      pass.record(saved);
    }
    return saved.output;
  }

  private record Saved(
      Tensor q, Tensor k, Tensor v, int[] keyLengths, Tensor logSumExp, Tensor output)
      implements Tape.Step {
    /// Neighbours of one length are computed together.
    private int end(int from) {
      int to = from + 1;
      while (to < keyLengths.length && keyLengths[to] == keyLengths[from]) {
        to++;
      }
      return to;
    }

    private AttentionShape shape(int from, int to) {
      int heads = q.shape().dimension(2);
      return new AttentionShape(
          to - from,
          q.shape().dimension(1),
          keyLengths[from],
          k.shape().dimension(1),
          heads,
          heads,
          q.shape().width(),
          false,
          (float) (1 / Math.sqrt(q.shape().width())));
    }

    private void forward(Pass pass) {
      for (int from = 0; from < keyLengths.length; from = end(from)) {
        int to = end(from);
        pass.kernels()
            .attention()
            .attention(
                shape(from, to),
                q.rows(from, to).data(),
                k.rows(from, to).data(),
                v.rows(from, to).data(),
                output.rows(from, to).data(),
                logSumExp.rows(from, to).data());
      }
    }

    @Override
    public void backward(Pass pass, Tensor dOut) {
      Tensor dq = pass.gradient(q);
      Tensor dk = pass.gradient(k);
      Tensor dv = pass.gradient(v);
      for (int from = 0; from < keyLengths.length; from = end(from)) {
        int to = end(from);
        pass.kernels()
            .attention()
            .attentionBackward(
                shape(from, to),
                dOut.rows(from, to).data(),
                q.rows(from, to).data(),
                k.rows(from, to).data(),
                v.rows(from, to).data(),
                output.rows(from, to).data(),
                logSumExp.rows(from, to).data(),
                dq.rows(from, to).data(),
                dk.rows(from, to).data(),
                dv.rows(from, to).data());
      }
    }
  }
}
