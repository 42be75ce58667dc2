package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.BlockMatmulKernels;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MemoryInUse;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.ProductRows;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/// Products with stored weights.
///
/// For a few rows of x, each row of weights is multiplied as it is stored ([BlockDots]), or, in the
/// other formats, decoded into the first-level cache and multiplied there. For many, the rows of
/// weights that a tile needs are decoded where others are copied ([VectorMatmul]).
final class VectorBlockMatmul implements BlockMatmulKernels {
  /// With more rows of x, the tiles of the float32 product pay.
  private static final int MOST_ROWS = Kernels.FEW_ROWS;

  private final Parallel parallel;
  private final VectorMatmul matmul;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  VectorBlockMatmul(Parallel parallel, VectorMatmul matmul) {
    this.parallel = parallel;
    this.matmul = matmul;
  }

  /// What one thread works in.
  private static final class Scratch {
    float[] weights = new float[0];
    float[] rows = new float[0];
    float[] inputs = new float[0];
    float[] products = new float[0];
    final AlignedMemory inputMemory = new AlignedMemory();
    final BlockDots.Scratch dots = new BlockDots.Scratch();

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
    long use = MemoryInUse.begin();
    try {
      if (m <= MOST_ROWS) {
        multiplyFew(List.of(new Product(format, n, weights, y)), m, k, x);
      } else {
        int unit = format.blockElements();
        matmul.multiplyRows(new StoredRows(format, weights, k), unit, m, n, k, x, y);
      }
    } finally {
      MemoryInUse.end(use);
    }
  }

  /// Products of a few rows in one format take one loop.
  @Override
  public void multiply(List<Product> products, int m, int k, MemorySegment x) {
    if (m > MOST_ROWS || !areOfOneFormat(products)) {
      BlockMatmulKernels.super.multiply(products, m, k, x);
      return;
    }
    long use = MemoryInUse.begin();
    try {
      multiplyFew(products, m, k, x);
    } finally {
      MemoryInUse.end(use);
    }
  }

  private static boolean areOfOneFormat(List<Product> products) {
    for (Product product : products) {
      if (product.format() != products.getFirst().format()) {
        return false;
      }
    }
    return true;
  }

  private void multiplyFew(List<Product> products, int m, int k, MemorySegment x) {
    Scratch mine = scratch.get();
    mine.rows = Scratch.atLeast(mine.rows, m * k);
    float[] rows = mine.rows;
    MemorySegment.copy(x, ValueLayout.JAVA_FLOAT, 0, rows, 0, m * k);
    BlockDots dots = BlockDots.of(products.getFirst().format()).orElse(null);
    long inputs = dots == null ? 0 : inputs(dots, m, k, mine);
    ProductRows.share(
        parallel,
        products,
        k,
        (product, from, count) -> {
          if (dots == null) {
            decodeRows(product, from, count, rows, m, k);
          } else {
            dotRows(dots, product, from, count, inputs, m, k);
          }
        });
  }

  private void dotRows(
      BlockDots dots, Product product, int from, int count, long inputs, int m, int k) {
    Scratch own = scratch.get();
    own.products = Scratch.atLeast(own.products, m * count);
    BlockFormat format = product.format();
    long offset = from * format.bytes(k);
    long inputBytes = dots.inputLength(k) * (long) Float.BYTES;
    for (int row = 0; row < m; row++) {
      long input = inputs + row * inputBytes;
      int at = row * count;
      dots.rows(format, product.weights(), offset, count, input, k, own.dots, own.products, at);
    }
    store(own.products, product, from, count, m);
  }

  private void decodeRows(Product product, int from, int count, float[] rows, int m, int k) {
    Scratch own = scratch.get();
    own.products = Scratch.atLeast(own.products, m * count);
    decodeAndMultiply(product.format(), product.weights(), from, count, rows, m, k, own);
    store(own.products, product, from, count, m);
  }

  private static void store(float[] products, Product product, int from, int count, int m) {
    for (int row = 0; row < m; row++) {
      long at = ((long) row * product.n() + from) * Float.BYTES;
      MemorySegment.copy(products, row * count, product.y(), ValueLayout.JAVA_FLOAT, at, count);
    }
  }

  /// Makes the inputs of all rows of x and returns their address.
  private static long inputs(BlockDots dots, int m, int k, Scratch mine) {
    int length = m * dots.inputLength(k);
    mine.inputs = Scratch.atLeast(mine.inputs, length);
    for (int row = 0; row < m; row++) {
      dots.prepare(mine.rows, row * k, k, mine.inputs, row * dots.inputLength(k));
    }
    MemorySegment memory = mine.inputMemory.atLeast((long) length * Float.BYTES);
    MemorySegment.copy(mine.inputs, 0, memory, ValueLayout.JAVA_FLOAT, 0, length);
    return memory.address();
  }

  private static void decodeAndMultiply(
      BlockFormat format,
      MemorySegment weights,
      int from,
      int count,
      float[] rows,
      int m,
      int k,
      Scratch own) {
    own.weights = Scratch.atLeast(own.weights, k);
    long bytes = format.bytes(k);
    for (int column = 0; column < count; column++) {
      BlockDecoding.decode(format, weights, (from + column) * bytes, own.weights, 0, k);
      for (int row = 0; row < m; row++) {
        own.products[row * count + column] = dot(own.weights, rows, row * k, k);
      }
    }
  }

  private static float dot(float[] weights, float[] x, int from, int k) {
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    int i = 0;
    for (; i <= k - 2 * LANES; i += 2 * LANES) {
      FloatVector w = FloatVector.fromArray(SPECIES, weights, i);
      even = FloatVector.fromArray(SPECIES, x, from + i).fma(w, even);
      w = FloatVector.fromArray(SPECIES, weights, i + LANES);
      odd = FloatVector.fromArray(SPECIES, x, from + i + LANES).fma(w, odd);
    }
    float sum = Lanes.sum(even.add(odd));
    for (; i < k; i++) {
      sum = Math.fma(weights[i], x[from + i], sum);
    }
    return sum;
  }

  /// Rows of stored weights, decoded where they are multiplied.
  private record StoredRows(BlockFormat format, MemorySegment weights, int k)
      implements VectorMatmul.Rows {
    @Override
    public void copyRows(int row, int count, int step, int depth, float[] into) {
      long rowBytes = format.bytes(k);
      long offset = row * rowBytes + format.bytes(step);
      for (int i = 0; i < count; i++, offset += rowBytes) {
        BlockDecoding.decode(format, weights, offset, into, i * RegisterTile.LINE_STRIDE, depth);
      }
      for (int i = count; i % RegisterTile.ROWS != 0; i++) {
        int at = i * RegisterTile.LINE_STRIDE;
        Arrays.fill(into, at, at + depth, 0);
      }
    }
  }
}
