package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// One optimizer step over one parameter, element by element.
public interface OptimizerKernels {
  /// Applies AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) in PyTorch's order: p -=
  /// rate·decay·p; m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; p -= rate/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) +
  /// ε).
  ///
  /// @param gradientScale what the gradient is multiplied by first (clipping)
  /// @param step t, from 1
  void adamW(
      MemorySegment parameter,
      MemorySegment gradient,
      MemorySegment firstMoment,
      MemorySegment secondMoment,
      long count,
      float gradientScale,
      float rate,
      float beta1,
      float beta2,
      float epsilon,
      float weightDecay,
      long step);
}
