package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Rotary positions (RoPE, Su et al. 2021, arXiv:2104.09864).
public interface PositionKernels {
  /// Which two elements of a head form a pair that is turned.
  enum RotaryLayout {
    /// (x[2i], x[2i+1]): the paper's, llama2.c's and GGUF's.
    INTERLEAVED,
    /// (x[i], x[i + turned/2]): "rotate half", Hugging Face's.
    HALVES
  }

  /// Turns every pair i of the first `turned` elements of every head of row r by the angle whose
  /// cosine and sine stand in row `positionOf(r)` of the tables: (a, b) → (a·cos - b·sin, a·sin +
  /// b·cos). Position of row r = start + r mod length. A head's other elements stay as they are.
  ///
  /// @param x (rows, heads, D), read
  /// @param out (rows, heads, D), overwritten, or added to when `accumulate`
  /// @param cosine (positions, turned/2); `sine` likewise
  /// @param turned how many elements of a head belong to pairs: D, or fewer
  /// @param inverse turns back (the transpose, which is the backward pass)
  void rotate(
      RotaryLayout layout,
      MemorySegment x,
      MemorySegment out,
      MemorySegment cosine,
      MemorySegment sine,
      int rows,
      int length,
      int start,
      int heads,
      int headDim,
      int turned,
      boolean inverse,
      boolean accumulate);
}
