package dev.lungo.tensor;

/// A low-rank change of a weight matrix: W becomes W + scale · up · down, without a matrix of W's
/// size (LoRA, Hu et al. 2021, arXiv:2106.09685, where down is A and up is B).
///
/// @param down (rank, in)
/// @param up (out, rank)
public record Adapter(Tensor down, Tensor up, float scale) {
  public Adapter {
    if (down.shape().rank() != 2
        || up.shape().rank() != 2
        || down.shape().dimension(0) != up.shape().dimension(1)) {
      throw new IllegalArgumentException(
          "adapter: down "
              + down.shape()
              + " and up "
              + up.shape()
              + " do not multiply; they are (rank, in) and (out, rank)");
    }
  }

  /// Returns the change of the rows `from` to before `to` of the weight.
  Adapter rows(int from, int to) {
    return new Adapter(down, up.rows(from, to), scale);
  }
}
