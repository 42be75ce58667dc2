package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/// Arithmetic over whole arrays, element by element.
final class ScalarElementwise implements ElementwiseKernels {
  @Override
  public void add(MemorySegment a, MemorySegment b, MemorySegment out, long count) {
    for (long i = 0; i < count; i++) {
      set(out, i, get(a, i) + get(b, i));
    }
  }

  @Override
  public void scaleAndAdd(
      MemorySegment y, float scaleY, MemorySegment x, float scaleX, long count) {
    for (long i = 0; i < count; i++) {
      set(y, i, (double) scaleY * get(y, i) + (double) scaleX * get(x, i));
    }
  }

  @Override
  public void addRow(MemorySegment x, MemorySegment row, MemorySegment out, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < width; i++) {
        set(out, (long) r * width + i, get(x, (long) r * width + i) + get(row, i));
      }
    }
  }

  @Override
  public void addSumOfRows(MemorySegment x, MemorySegment sum, int rows, int width) {
    for (int i = 0; i < width; i++) {
      double column = 0;
      for (int r = 0; r < rows; r++) {
        column += get(x, (long) r * width + i);
      }
      Floats.add(sum, i, column);
    }
  }

  @Override
  public double sumOfSquares(MemorySegment x, long count) {
    double sum = 0;
    for (long i = 0; i < count; i++) {
      sum += (double) get(x, i) * get(x, i);
    }
    return sum;
  }

  @Override
  public void scale(MemorySegment x, float factor, long count) {
    for (long i = 0; i < count; i++) {
      set(x, i, get(x, i) * factor);
    }
  }

  @Override
  public void dropout(
      MemorySegment x,
      MemorySegment out,
      long count,
      float dropProbability,
      long seed,
      boolean accumulate) {
    DropoutMask mask = new DropoutMask(dropProbability, seed);
    for (long i = 0; i < count; i++) {
      float value = mask.keeps(i) ? get(x, i) * mask.factor() : 0;
      set(out, i, accumulate ? get(out, i) + value : value);
    }
  }
}
