package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.ActivationLanes.gelu;
import static dev.lungo.kernel.vector.ActivationLanes.geluSlope;
import static dev.lungo.kernel.vector.ActivationLanes.positive;
import static dev.lungo.kernel.vector.ActivationLanes.siluSlopeOverSigmoid;
import static dev.lungo.kernel.vector.ExponentialLanes.sigmoid;
import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.constant;
import static dev.lungo.kernel.vector.Lanes.first;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;

import dev.lungo.kernel.ActivationKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Activation functions over arrays; whole vectors and the masked tail both go through the same
/// formula.
final class VectorActivation implements ActivationKernels {
  private static final FloatVector ZERO = constant(0);
  private static final FloatVector ONE = constant(1);

  private final Parallel parallel;

  VectorActivation(Parallel parallel) {
    this.parallel = parallel;
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
            store(
                d.mul(load(up, i, tail)).mul(siluSlopeOverSigmoid(x, s)).add(load(dGate, i, tail)),
                dGate,
                i,
                tail);
            store(d.fma(x, load(dUp, i, tail)), dUp, i, tail);
          }
        });
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
            store(
                load(dOut, i, tail).fma(geluSlope(load(x, i, tail)), load(dx, i, tail)),
                dx,
                i,
                tail);
          }
        });
  }

  @Override
  public void geGlu(MemorySegment gate, MemorySegment up, MemorySegment out, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(gelu(load(gate, i)).mul(load(up, i)), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            store(gelu(load(gate, i, tail)).mul(load(up, i, tail)), out, i, tail);
          }
        });
  }

  @Override
  public void geGluBackward(
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
            FloatVector d = load(dOut, i);
            store(d.mul(load(up, i)).fma(geluSlope(x), load(dGate, i)), dGate, i);
            store(d.fma(gelu(x), load(dUp, i)), dUp, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            FloatVector x = load(gate, i, tail);
            FloatVector d = load(dOut, i, tail);
            store(d.mul(load(up, i, tail)).fma(geluSlope(x), load(dGate, i, tail)), dGate, i, tail);
            store(d.fma(gelu(x), load(dUp, i, tail)), dUp, i, tail);
          }
        });
  }

  @Override
  public void softCap(MemorySegment x, MemorySegment out, long count, float cap) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(ExponentialLanes.tanh(load(x, i).div(cap)).mul(cap), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            store(ExponentialLanes.tanh(load(x, i, tail).div(cap)).mul(cap), out, i, tail);
          }
        });
  }

  /// tanh' = 1 - tanh².
  @Override
  public void softCapBackward(
      MemorySegment dOut, MemorySegment out, MemorySegment dx, long count, float cap) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            FloatVector t = load(out, i).div(cap);
            store(load(dOut, i).fma(ONE.sub(t.mul(t)), load(dx, i)), dx, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            FloatVector t = load(out, i, tail).div(cap);
            store(load(dOut, i, tail).fma(ONE.sub(t.mul(t)), load(dx, i, tail)), dx, i, tail);
          }
        });
  }

  @Override
  public void relu(MemorySegment x, MemorySegment out, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(ActivationLanes.relu(load(x, i)), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            store(ActivationLanes.relu(load(x, i, tail)), out, i, tail);
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
            FloatVector passed = ZERO.blend(load(dOut, i), positive(load(x, i)));
            store(load(dx, i).add(passed), dx, i);
          }
          if (i < to) {
            VectorMask<Float> tail = first(to - i);
            FloatVector passed = ZERO.blend(load(dOut, i, tail), positive(load(x, i, tail)));
            store(load(dx, i, tail).add(passed), dx, i, tail);
          }
        });
  }
}
