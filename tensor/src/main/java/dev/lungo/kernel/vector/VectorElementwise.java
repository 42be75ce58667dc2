package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;

import dev.lungo.kernel.ElementwiseKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Arithmetic over whole arrays.
final class VectorElementwise implements ElementwiseKernels {
  private final Parallel parallel;
  private final ColumnSums columnSums;
  private final ThreadLocal<double[]> partials = ThreadLocal.withInitial(() -> new double[0]);

  VectorElementwise(Parallel parallel) {
    this.parallel = parallel;
    this.columnSums = new ColumnSums(parallel);
  }

  @Override
  public void add(MemorySegment a, MemorySegment b, MemorySegment out, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(load(a, i).add(load(b, i)), out, i);
          }
          if (i < to) {
            VectorMask<Float> tail = Lanes.first(to - i);
            store(load(a, i, tail).add(load(b, i, tail)), out, i, tail);
          }
        });
  }

  @Override
  public void scaleAndAdd(
      MemorySegment y, float scaleY, MemorySegment x, float scaleX, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(load(y, i).mul(scaleY).add(load(x, i).mul(scaleX)), y, i);
          }
          if (i < to) {
            VectorMask<Float> tail = Lanes.first(to - i);
            store(load(y, i, tail).mul(scaleY).add(load(x, i, tail).mul(scaleX)), y, i, tail);
          }
        });
  }

  @Override
  public void addRow(MemorySegment x, MemorySegment row, MemorySegment out, int rows, int width) {
    parallel.forRange(
        rows,
        Blocks.rows(width),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            long start = (long) r * width;
            int i = 0;
            for (; i <= width - LENGTH; i += LENGTH) {
              store(load(x, start + i).add(load(row, i)), out, start + i);
            }
            if (i < width) {
              VectorMask<Float> tail = Lanes.first(width - i);
              store(load(x, start + i, tail).add(load(row, i, tail)), out, start + i, tail);
            }
          }
        });
  }

  @Override
  public void addSumOfRows(MemorySegment x, MemorySegment sum, int rows, int width) {
    columnSums.addTo(
        List.of(sum),
        rows,
        width,
        (from, to, partial, offset) -> {
          for (int r = from; r < to; r++) {
            addRowTo(partial, offset, x, (long) r * width, width);
          }
        });
  }

  private static void addRowTo(float[] partial, int offset, MemorySegment x, long row, int width) {
    int i = 0;
    for (; i <= width - LENGTH; i += LENGTH) {
      FloatVector.fromArray(Lanes.SPECIES, partial, offset + i)
          .add(load(x, row + i))
          .intoArray(partial, offset + i);
    }
    if (i < width) {
      VectorMask<Float> tail = Lanes.first(width - i);
      FloatVector.fromArray(Lanes.SPECIES, partial, offset + i, tail)
          .add(load(x, row + i, tail))
          .intoArray(partial, offset + i, tail);
    }
  }

  @Override
  public double sumOfSquares(MemorySegment x, long count) {
    if (count <= Blocks.ELEMENTS) {
      return VectorSums.squaredDistance(x, 0, count, 0);
    }
    int blocks = Math.toIntExact((count - 1) / Blocks.ELEMENTS + 1);
    double[] partial = partials(blocks);
    Blocks.forElements(
        parallel,
        count,
        (from, to) ->
            partial[(int) (from / Blocks.ELEMENTS)] =
                VectorSums.squaredDistance(x, from, to - from, 0));
    double total = 0;
    for (int block = 0; block < blocks; block++) {
      total += partial[block];
    }
    return total;
  }

  private double[] partials(int size) {
    double[] held = partials.get();
    if (held.length < size) {
      held = new double[size];
      partials.set(held);
    }
    return held;
  }

  @Override
  public void scale(MemorySegment x, float factor, long count) {
    Blocks.forElements(
        parallel,
        count,
        (from, to) -> {
          long i = from;
          for (; i <= to - LENGTH; i += LENGTH) {
            store(load(x, i).mul(factor), x, i);
          }
          if (i < to) {
            VectorMask<Float> tail = Lanes.first(to - i);
            store(load(x, i, tail).mul(factor), x, i, tail);
          }
        });
  }

  @Override
  public void dropout(
      MemorySegment x,
      MemorySegment out,
      long count,
      float dropProbability,
      long seed,
      boolean accumulate) {
    VectorDropout dropout = new VectorDropout(dropProbability, seed);
    Blocks.forElements(parallel, count, (from, to) -> dropout.apply(x, out, from, to, accumulate));
  }
}
