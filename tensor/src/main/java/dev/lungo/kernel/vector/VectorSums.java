package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Sums over a row: in float32 over stretches of 1024 elements, and in float64 from stretch to
/// stretch.
final class VectorSums {
  private static final int STRETCH = 1024;

  private VectorSums() {}

  /// Computes Σ x.
  static double of(MemorySegment x, long row, long width) {
    double total = 0;
    long i = 0;
    while (i <= width - LENGTH) {
      long stop = Math.min(width - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        sum = sum.add(load(x, row + i));
      }
      total += Lanes.sum(sum);
    }
    return i < width ? total + Lanes.sum(load(x, row + i, Lanes.first(width - i))) : total;
  }

  /// Computes Σ (x - centre)².
  static double squaredDistance(MemorySegment x, long row, long width, float centre) {
    double total = 0;
    long i = 0;
    while (i <= width - LENGTH) {
      long stop = Math.min(width - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        FloatVector distance = load(x, row + i).sub(centre);
        sum = distance.fma(distance, sum);
      }
      total += Lanes.sum(sum);
    }
    if (i < width) {
      VectorMask<Float> tail = Lanes.first(width - i);
      FloatVector distance = load(x, row + i, tail).sub(centre);
      total += Lanes.sum(Lanes.zero().blend(distance.mul(distance), tail));
    }
    return total;
  }

  /// Computes Σ a·weight, a being a row and weight an array of its width.
  static double ofProducts(MemorySegment a, long row, MemorySegment weight, int width) {
    double total = 0;
    int i = 0;
    while (i <= width - LENGTH) {
      int stop = Math.min(width - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        sum = load(a, row + i).fma(load(weight, i), sum);
      }
      total += Lanes.sum(sum);
    }
    if (i < width) {
      VectorMask<Float> tail = Lanes.first(width - i);
      total += Lanes.sum(load(a, row + i, tail).mul(load(weight, i, tail)));
    }
    return total;
  }

  /// Computes Σ a·(b - centre)·weight, a and b being rows and weight an array of their width.
  static double ofProducts(
      MemorySegment a, MemorySegment b, float centre, long row, MemorySegment weight, int width) {
    double total = 0;
    int i = 0;
    while (i <= width - LENGTH) {
      int stop = Math.min(width - LENGTH, i + STRETCH - LENGTH);
      FloatVector sum = Lanes.zero();
      for (; i <= stop; i += LENGTH) {
        sum = load(a, row + i).mul(load(weight, i)).fma(load(b, row + i).sub(centre), sum);
      }
      total += Lanes.sum(sum);
    }
    if (i < width) {
      VectorMask<Float> tail = Lanes.first(width - i);
      total +=
          Lanes.sum(
              load(a, row + i, tail)
                  .mul(load(weight, i, tail))
                  .mul(load(b, row + i, tail).sub(centre)));
    }
    return total;
  }
}
