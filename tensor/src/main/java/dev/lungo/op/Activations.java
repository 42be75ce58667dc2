package dev.lungo.op;

import dev.lungo.tensor.Tensor;

/// Activation functions.
public final class Activations {
  private Activations() {}

  /// Computes silu(gate) · up, the gated unit of SwiGLU (arXiv:2002.05202).
  ///
  /// @param gate (…, F)
  /// @param up (…, F)
  /// @return (…, F)
  public static Tensor swiGlu(Pass pass, Tensor gate, Tensor up) {
    if (!gate.shape().equals(up.shape())) {
      throw new IllegalArgumentException(
          "swiGlu: gate " + gate.shape() + " and up " + up.shape() + " must have the same shape");
    }
    Tensor out = pass.allocate(gate.shape());
    pass.kernels().activation().swiGlu(gate.data(), up.data(), out.data(), out.elements());
    if (pass.records() && (gate.requiresGradient() || up.requiresGradient())) {
      pass.record(new SavedSwiGlu(gate, up, out));
    }
    return out;
  }

  private record SavedSwiGlu(Tensor gate, Tensor up, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .activation()
          .swiGluBackward(
              dOut.data(),
              gate.data(),
              up.data(),
              pass.gradient(gate).data(),
              pass.gradient(up).data(),
              output.elements());
    }
  }

  /// The formula of [#swiGlu].
  static double[] swiGluReference(double[] gate, double[] up) {
    double[] out = new double[gate.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
    }
    return out;
  }

  /// Computes gelu(gate) · up, the gated unit of GEGLU (arXiv:2002.05202), with GELU's tanh
  /// approximation.
  ///
  /// @param gate (…, F)
  /// @param up (…, F)
  /// @return (…, F)
  public static Tensor geGlu(Pass pass, Tensor gate, Tensor up) {
    if (!gate.shape().equals(up.shape())) {
      throw new IllegalArgumentException(
          "geGlu: gate " + gate.shape() + " and up " + up.shape() + " must have the same shape");
    }
    Tensor out = pass.allocate(gate.shape());
    pass.kernels().activation().geGlu(gate.data(), up.data(), out.data(), out.elements());
    if (pass.records() && (gate.requiresGradient() || up.requiresGradient())) {
      pass.record(new SavedGeGlu(gate, up, out));
    }
    return out;
  }

  private record SavedGeGlu(Tensor gate, Tensor up, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .activation()
          .geGluBackward(
              dOut.data(),
              gate.data(),
              up.data(),
              pass.gradient(gate).data(),
              pass.gradient(up).data(),
              output.elements());
    }
  }

  /// The formula of [#geGlu].
  static double[] geGluReference(double[] gate, double[] up) {
    double[] out = geluReference(gate);
    for (int i = 0; i < out.length; i++) {
      out[i] *= up[i];
    }
    return out;
  }

  /// Bounds each number smoothly: cap · tanh(x / cap) (Gemma 2, arXiv:2408.00118).
  ///
  /// @return the shape of x
  public static Tensor softCap(Pass pass, Tensor x, float cap) {
    Tensor out = pass.allocate(x.shape());
    pass.kernels().activation().softCap(x.data(), out.data(), x.elements(), cap);
    if (pass.records() && x.requiresGradient()) {
      pass.record(new SavedSoftCap(x, cap, out));
    }
    return out;
  }

  private record SavedSoftCap(Tensor x, float cap, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .activation()
          .softCapBackward(dOut.data(), output.data(), pass.gradient(x).data(), x.elements(), cap);
    }
  }

  /// The formula of [#softCap].
  static double[] softCapReference(double[] x, double cap) {
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = cap * Math.tanh(x[i] / cap);
    }
    return out;
  }

  /// Computes GELU by its tanh approximation (arXiv:1606.08415), the one that GPT-2 uses.
  ///
  /// @return the shape of x
  public static Tensor gelu(Pass pass, Tensor x) {
    Tensor out = pass.allocate(x.shape());
    pass.kernels().activation().geluTanh(x.data(), out.data(), x.elements());
    if (pass.records() && x.requiresGradient()) {
      pass.record(new SavedGelu(x, out));
    }
    return out;
  }

  private record SavedGelu(Tensor x, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .activation()
          .geluTanhBackward(dOut.data(), x.data(), pass.gradient(x).data(), x.elements());
    }
  }

  /// The formula of [#gelu].
  static double[] geluReference(double[] x) {
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      double inner = Math.sqrt(2 / Math.PI) * (x[i] + 0.044715 * x[i] * x[i] * x[i]);
      out[i] = 0.5 * x[i] * (1 + Math.tanh(inner));
    }
    return out;
  }

  /// Computes max(x, 0).
  ///
  /// @return the shape of x
  public static Tensor relu(Pass pass, Tensor x) {
    Tensor out = pass.allocate(x.shape());
    pass.kernels().activation().relu(x.data(), out.data(), x.elements());
    if (pass.records() && x.requiresGradient()) {
      pass.record(new SavedRelu(x, out));
    }
    return out;
  }

  private record SavedRelu(Tensor x, Tensor output) implements Tape.Step {
    @Override
    public void backward(Pass pass, Tensor dOut) {
      pass.kernels()
          .activation()
          .reluBackward(dOut.data(), x.data(), pass.gradient(x).data(), x.elements());
    }
  }

  /// The formula of [#relu].
  static double[] reluReference(double[] x) {
    double[] out = new double[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.max(x[i], 0);
    }
    return out;
  }
}
