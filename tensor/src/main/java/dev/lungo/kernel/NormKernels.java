package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Normalisation of rows: RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467) and LayerNorm (Ba et
/// al. 2016, arXiv:1607.06450).
public interface NormKernels {
  /// Computes out[r,i] = x[r,i] · inverse[r] · weight[i] with inverse[r] = 1/√(mean(x[r]²) +
  /// epsilon).
  ///
  /// @param x (rows, width)
  /// @param weight (width)
  /// @param out (rows, width)
  /// @param inverse (rows), saved for the backward pass
  void rmsNorm(
      MemorySegment x,
      MemorySegment weight,
      MemorySegment out,
      MemorySegment inverse,
      int rows,
      int width,
      float epsilon);

  /// Adds the gradients of [#rmsNorm] to `dx` (rows, width) and `dWeight` (width).
  void rmsNormBackward(
      MemorySegment dOut,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment inverse,
      MemorySegment dx,
      MemorySegment dWeight,
      int rows,
      int width);

  /// Computes out = (x - mean) · inverse · weight + bias, with inverse = 1/√(variance + epsilon),
  /// row by row.
  ///
  /// @param mean (rows) and `inverse` (rows) are saved for the backward pass
  void layerNorm(
      MemorySegment x,
      MemorySegment weight,
      MemorySegment bias,
      MemorySegment out,
      MemorySegment mean,
      MemorySegment inverse,
      int rows,
      int width,
      float epsilon);

  /// Adds the gradients of [#layerNorm] to `dx` (rows, width), `dWeight` (width) and `dBias`
  /// (width).
  void layerNormBackward(
      MemorySegment dOut,
      MemorySegment x,
      MemorySegment weight,
      MemorySegment mean,
      MemorySegment inverse,
      MemorySegment dx,
      MemorySegment dWeight,
      MemorySegment dBias,
      int rows,
      int width);
}
