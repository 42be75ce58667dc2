package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Matrix products in float32.
public interface MatmulKernels {
  /// Which operands are stored transposed. With a linear layer y = x·Wᵀ, W stored (out, in):
  enum Form {
    /// c(M,N) = a(M,K) · b(N,K)ᵀ: the forward product y = x·Wᵀ.
    NT,
    /// c(M,N) = a(M,K) · b(K,N): the gradient of the input dx = dy·W.
    NN,
    /// c(M,N) = a(K,M)ᵀ · b(K,N): the gradient of the weight dW = dyᵀ·x.
    TN
  }

  /// Computes c = op(a)·op(b), or c += op(a)·op(b) when `accumulate`.
  ///
  /// @param m rows of c
  /// @param n columns of c
  /// @param k length of the sums
  /// @param aOffset first element of a; `aStride` elements lie between the starts of two stored
  ///   rows (likewise b and c)
  void multiply(
      Form form,
      int m,
      int n,
      int k,
      MemorySegment a,
      long aOffset,
      int aStride,
      MemorySegment b,
      long bOffset,
      int bStride,
      MemorySegment c,
      long cOffset,
      int cStride,
      boolean accumulate);

  /// Computes a product of dense matrices: every stride is the stored row's length, every offset 0.
  default void multiply(
      Form form,
      int m,
      int n,
      int k,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      boolean accumulate) {
    int aStride = form == Form.TN ? m : k;
    int bStride = form == Form.NT ? k : n;
    multiply(form, m, n, k, a, 0, aStride, b, 0, bStride, c, 0, n, accumulate);
  }
}
