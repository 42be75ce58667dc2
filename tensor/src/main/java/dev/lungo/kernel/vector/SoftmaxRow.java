package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.ExponentialLanes.exp;
import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The passes over a row of numbers that make up a softmax. The JVM's flags have each compiled
/// alone: in one method they would be more than the compiler is willing to inline.
final class SoftmaxRow {
  private static final int STRETCH = 1024;

  private SoftmaxRow() {}

  static float largest(MemorySegment x, long row, int classes) {
    FloatVector largest = FloatVector.broadcast(Lanes.SPECIES, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= classes - LENGTH; i += LENGTH) {
      largest = largest.max(load(x, row + i));
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      largest = largest.max(largest.blend(load(x, row + i, tail), tail));
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }

  /// Computes Σ exp(x - largest), and leaves the exponentials in x when `keep`.
  static double sumOfExponentials(
      MemorySegment x, long row, int classes, float largest, boolean keep) {
    double total = 0;
    int i = 0;
    while (i <= classes - LENGTH) {
      int stop = Math.min(classes - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        FloatVector exponential = exp(load(x, row + i).sub(largest));
        sum = sum.add(exponential);
        if (keep) {
          store(exponential, x, row + i);
        }
      }
      total += Lanes.sum(sum);
    }
    return i < classes ? total + lastExponentials(x, row + i, classes - i, largest, keep) : total;
  }

  private static double lastExponentials(
      MemorySegment x, long at, int count, float largest, boolean keep) {
    VectorMask<Float> lanes = Lanes.first(count);
    FloatVector exponential = exp(load(x, at, lanes).sub(largest));
    if (keep) {
      store(exponential, x, at, lanes);
    }
    return Lanes.sum(Lanes.zero().blend(exponential, lanes));
  }

  static void multiply(MemorySegment x, long row, int classes, float factor) {
    int i = 0;
    for (; i <= classes - LENGTH; i += LENGTH) {
      store(load(x, row + i).mul(factor), x, row + i);
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      store(load(x, row + i, tail).mul(factor), x, row + i, tail);
    }
  }

  static void add(MemorySegment x, long row, int classes, float summand) {
    int i = 0;
    for (; i <= classes - LENGTH; i += LENGTH) {
      store(load(x, row + i).add(summand), x, row + i);
    }
    if (i < classes) {
      VectorMask<Float> tail = Lanes.first(classes - i);
      store(load(x, row + i, tail).add(summand), x, row + i, tail);
    }
  }
}
