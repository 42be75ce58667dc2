package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.first;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;
import static dev.lungo.kernel.vector.VectorExponential.exp;

import dev.lungo.kernel.ActivationKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Activation functions: each formula once, on a vector; whole vectors and the masked tail both go through it.
final class VectorActivation implements ActivationKernels {
  private static final float TWO_ROOTS_OF_TWO_OVER_PI = (float) (2 * Math.sqrt(2 / Math.PI));
  private static final float CUBIC = 0.044715f;

  private final Parallel parallel;

  VectorActivation(Parallel parallel) {
    this.parallel = parallel;
  }

  private static FloatVector sigmoid(FloatVector x) {
    return x.broadcast(1).div(exp(x.neg()).add(1));
  }

  @Override
  public void swiGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            FloatVector x = load(gate, i);
            store(x.mul(sigmoid(x)).mul(load(up, i)), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            FloatVector x = load(gate, i, tail);
            store(x.mul(sigmoid(x)).mul(load(up, i, tail)), out, i, tail);
          }
        });
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
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            FloatVector x = load(gate, i);
            FloatVector s = sigmoid(x);
            FloatVector d = load(dOut, i).mul(s);
            store(d.mul(load(up, i)).mul(siluSlopeOverSigmoid(x, s)).add(load(dGate, i)), dGate, i);
            store(d.fma(x, load(dUp, i)), dUp, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            FloatVector x = load(gate, i, tail);
            FloatVector s = sigmoid(x);
            FloatVector d = load(dOut, i, tail).mul(s);
            store(d.mul(load(up, i, tail)).mul(siluSlopeOverSigmoid(x, s)).add(load(dGate, i, tail)), dGate, i, tail);
            store(d.fma(x, load(dUp, i, tail)), dUp, i, tail);
          }
        });
  }

  private static FloatVector siluSlopeOverSigmoid(FloatVector x, FloatVector s) {
    return x.sub(x.mul(s)).add(1);
  }

  @Override
  public void geluTanh(MemorySegment x, MemorySegment out, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(gelu(load(x, i)), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            store(gelu(load(x, i, tail)), out, i, tail);
          }
        });
  }

  /// As (1 + tanh(u))/2 = sigmoid(2u).
  private static FloatVector gelu(FloatVector x) {
    return x.mul(geluGate(x, x.mul(x)));
  }

  private static FloatVector geluGate(FloatVector x, FloatVector square) {
    return sigmoid(square.mul(CUBIC).add(1).mul(x).mul(TWO_ROOTS_OF_TWO_OVER_PI));
  }

  @Override
  public void geluTanhBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(load(dOut, i).fma(geluSlope(load(x, i)), load(dx, i)), dx, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            store(load(dOut, i, tail).fma(geluSlope(load(x, i, tail)), load(dx, i, tail)), dx, i, tail);
          }
        });
  }

  /// With s = sigmoid(2u): gelu'(x) = s + x · s·(1 - s) · 2u'(x).
  private static FloatVector geluSlope(FloatVector x) {
    FloatVector square = x.mul(x);
    FloatVector s = geluGate(x, square);
    FloatVector inner = square.mul(3 * CUBIC).add(1).mul(TWO_ROOTS_OF_TWO_OVER_PI);
    return x.mul(s).mul(inner).mul(s.neg().add(1)).add(s);
  }

  @Override
  public void relu(MemorySegment x, MemorySegment out, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(load(x, i).max(0), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            store(load(x, i, tail).max(0), out, i, tail);
          }
        });
  }

  @Override
  public void reluBackward(MemorySegment dOut, MemorySegment x, MemorySegment dx, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            FloatVector passed = Lanes.zero().blend(load(dOut, i), positive(load(x, i)));
            store(load(dx, i).add(passed), dx, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            FloatVector passed = Lanes.zero().blend(load(dOut, i, tail), positive(load(x, i, tail)));
            store(load(dx, i, tail).add(passed), dx, i, tail);
          }
        });
  }

  private static VectorMask<Float> positive(FloatVector x) {
    return Lanes.zero().lt(x);
  }
}
