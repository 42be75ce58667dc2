package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.BlockMatmulKernels;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.MatmulKernels.Form;
import dev.lungo.kernel.Parallel;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/// Products with stored weights.
///
/// For a few rows of x, each row of weights is multiplied as it is stored ([BlockDots]), or, in the
/// other formats, decoded into the first-level cache and multiplied there. For many, a megabyte of
/// weights is decoded at a time and multiplied as float32 weights are: decoding is then shared by
/// all rows.
final class VectorBlockMatmul implements BlockMatmulKernels {
  /// With more rows of x, the tiles of the float32 product pay.
  private static final int MOST_ROWS = Kernels.FEW_ROWS;

  /// Weights that one task decodes.
  private static final int WEIGHTS_PER_TASK = 1 << 15;

  /// Weights that are decoded before they are multiplied with many rows.
  private static final int DECODED = 1 << 18;

  private final Parallel parallel;
  private final MatmulKernels matmul;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private MemorySegment decoded = MemorySegment.NULL;

  VectorBlockMatmul(Parallel parallel, MatmulKernels matmul) {
    this.parallel = parallel;
    this.matmul = matmul;
  }

  /// What one thread works in.
  private static final class Scratch {
    float[] weights = new float[0];
    float[] rows = new float[0];
    final float[] lanes = new float[LANES];

    static float[] atLeast(float[] array, int length) {
      return array.length < length ? new float[length] : array;
    }
  }

  @Override
  public void multiply(
      BlockFormat format,
      int m,
      int n,
      int k,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment y) {
    if (m <= MOST_ROWS) {
      multiplyFew(format, m, n, k, x, weights, y);
    } else {
      multiplyMany(format, m, n, k, x, weights, y);
    }
  }

  private void multiplyFew(
      BlockFormat format,
      int m,
      int n,
      int k,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment y) {
    Scratch mine = scratch.get();
    mine.rows = Scratch.atLeast(mine.rows, m * k);
    float[] rows = mine.rows;
    MemorySegment.copy(x, ValueLayout.JAVA_FLOAT, 0, rows, 0, m * k);
    long bytes = format.bytes(k);
    boolean asStored = BlockDots.have(format);
    parallel.forRange(
        n,
        Math.max(1, WEIGHTS_PER_TASK / k),
        (from, to) -> {
          Scratch own = scratch.get();
          own.weights = Scratch.atLeast(own.weights, k);
          for (int column = from; column < to; column++) {
            if (!asStored) {
              format.decode(weights, column * bytes, own.weights, 0, k);
            }
            for (int row = 0; row < m; row++) {
              float dot =
                  asStored
                      ? BlockDots.dot(format, weights, column * bytes, rows, row * k, k, own.lanes)
                      : dot(own.weights, rows, row * k, k, own.lanes);
              y.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * n + column, dot);
            }
          }
        });
  }

  private static float dot(float[] weights, float[] x, int from, int k, float[] lanes) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i <= k - 2 * LANES; i += 2 * LANES) {
      FloatVector w = FloatVector.fromArray(SPECIES, weights, i);
      even = FloatVector.fromArray(SPECIES, x, from + i).fma(w, even);
      w = FloatVector.fromArray(SPECIES, weights, i + LANES);
      odd = FloatVector.fromArray(SPECIES, x, from + i + LANES).fma(w, odd);
    }
    even.add(odd).intoArray(lanes, 0);
    float sum = RowDots.total(lanes, 0);
    for (; i < k; i++) {
      sum = Math.fma(weights[i], x[from + i], sum);
    }
    return sum;
  }

  private void multiplyMany(
      BlockFormat format,
      int m,
      int n,
      int k,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment y) {
    int together = Math.max(1, DECODED / k);
    reserve((long) Math.min(together, n) * k);
    long bytes = format.bytes(k);
    for (int column = 0; column < n; column += together) {
      int columns = Math.min(together, n - column);
      int first = column;
      parallel.forRange(
          columns,
          Math.max(1, WEIGHTS_PER_TASK / k),
          (from, to) -> {
            Scratch own = scratch.get();
            own.weights = Scratch.atLeast(own.weights, k);
            for (int i = from; i < to; i++) {
              format.decode(weights, (first + i) * bytes, own.weights, 0, k);
              MemorySegment.copy(
                  own.weights, 0, decoded, ValueLayout.JAVA_FLOAT, (long) i * k * Float.BYTES, k);
            }
          });
      matmul.multiply(Form.NT, m, columns, k, x, 0, k, decoded, 0, k, y, column, n, false);
    }
  }

  private void reserve(long floats) {
    if (decoded.byteSize() < floats * Float.BYTES) {
      decoded = Arena.ofAuto().allocate(floats * Float.BYTES, 64);
    }
  }
}
