package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.add;
import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/// Activation functions, formula by formula.
final class ScalarActivation implements ActivationKernels {
  private static final double ROOT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Override
  public void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
    for (long i = 0; i < count; i++) {
      double x = get(gate, i);
      set(out, i, x * sigmoid(x) * get(up, i));
    }
  }

  /// With s = sigmoid(x): silu'(x) = s · (1 + x·(1 - s)).
  @Override
  public void swiGluBackward(
      MemorySegment dOut,
      MemorySegment gate,
      MemorySegment up,
      MemorySegment dGate,
      MemorySegment dUp,
      long count) {
    for (long i = 0; i < count; i++) {
      double x = get(gate, i);
      double s = sigmoid(x);
      add(dGate, i, get(dOut, i) * get(up, i) * s * (1 + x * (1 - s)));
      add(dUp, i, get(dOut, i) * x * s);
    }
  }

  private static double gelu(double x) {
    double t = Math.tanh(ROOT_TWO_OVER_PI * (x + CUBIC * x * x * x));
    return x / 2 * (1 + t);
  }

  /// With t = tanh(u): gelu'(x) = (1 + t)/2 + x/2 · (1 - t²) · u'(x).
  private static double geluSlope(double x) {
    double t = Math.tanh(ROOT_TWO_OVER_PI * (x + CUBIC * x * x * x));
    double slope = ROOT_TWO_OVER_PI * (1 + 3 * CUBIC * x * x);
    return (1 + t) / 2 + x / 2 * (1 - t * t) * slope;
  }

  @Override
  public void geluTanh(MemorySegment x, MemorySegment out, long count) {
    for (long i = 0; i < count; i++) {
      set(out, i, gelu(get(x, i)));
    }
  }

  @Override
  public void geluTanhBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count) {
    for (long i = 0; i < count; i++) {
      add(dx, i, get(dOut, i) * geluSlope(get(x, i)));
    }
  }

  @Override
  public void geGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
    for (long i = 0; i < count; i++) {
      set(out, i, gelu(get(gate, i)) * get(up, i));
    }
  }

  @Override
  public void geGluBackward(
      MemorySegment dOut,
      MemorySegment gate,
      MemorySegment up,
      MemorySegment dGate,
      MemorySegment dUp,
      long count) {
    for (long i = 0; i < count; i++) {
      double x = get(gate, i);
      add(dGate, i, get(dOut, i) * get(up, i) * geluSlope(x));
      add(dUp, i, get(dOut, i) * gelu(x));
    }
  }

  @Override
  public void softCap(MemorySegment x, MemorySegment out, long count, float cap) {
    for (long i = 0; i < count; i++) {
      set(out, i, cap * Math.tanh(get(x, i) / cap));
    }
  }

  /// tanh' = 1 - tanh².
  @Override
  public void softCapBackward(
      MemorySegment dOut, MemorySegment out, MemorySegment dx, long count, float cap) {
    for (long i = 0; i < count; i++) {
      double t = get(out, i) / cap;
      add(dx, i, get(dOut, i) * (1 - t * t));
    }
  }

  @Override
  public void relu(MemorySegment x, MemorySegment out, long count) {
    for (long i = 0; i < count; i++) {
      set(out, i, Math.max(get(x, i), 0));
    }
  }

  @Override
  public void reluBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count) {
    for (long i = 0; i < count; i++) {
      if (get(x, i) > 0) {
        add(dx, i, get(dOut, i));
      }
    }
  }
}
