package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Activation functions, element by element.
public interface ActivationKernels {
  /// Computes out = silu(gate) · up with silu(x) = x/(1+e⁻ˣ): SwiGLU (Shazeer 2020,
  /// arXiv:2002.05202).
  void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count);

  /// Adds the gradients of [#swiGlu] to `dGate` and `dUp`.
  void swiGluBackward(
      MemorySegment dOut,
      MemorySegment gate,
      MemorySegment up,
      MemorySegment dGate,
      MemorySegment dUp,
      long count);

  /// Computes GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415) by its tanh approximation, as
  /// GPT-2 does: out = x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))).
  void geluTanh(MemorySegment x, MemorySegment out, long count);

  /// Adds the gradient of [#geluTanh] to `dx`.
  void geluTanhBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count);

  /// Computes out = gelu(gate) · up with the approximation of [#geluTanh]: GEGLU
  /// (arXiv:2002.05202).
  void geGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count);

  /// Adds the gradients of [#geGlu] to `dGate` and `dUp`.
  void geGluBackward(
      MemorySegment dOut,
      MemorySegment gate,
      MemorySegment up,
      MemorySegment dGate,
      MemorySegment dUp,
      long count);

  /// Computes out = cap · tanh(x / cap), which may be x itself.
  void softCap(MemorySegment x, MemorySegment out, long count, float cap);

  /// Adds the gradient of [#softCap] to `dx`.
  ///
  /// @param out what [#softCap] computed
  void softCapBackward(
      MemorySegment dOut, MemorySegment out, MemorySegment dx, long count, float cap);

  /// Computes out = max(x, 0).
  void relu(MemorySegment x, MemorySegment out, long count);

  /// Adds the gradient of [#relu] to `dx`: dOut where x > 0.
  void reluBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count);
}
