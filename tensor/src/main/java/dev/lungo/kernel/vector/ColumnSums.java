package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;

import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Sums over the rows of a matrix, for the gradients of what all rows share.
///
/// Fixed blocks of rows each fill a partial sum of their own; the partial sums are then added in
/// the order of the blocks. So the result has one order of addition whoever computed which block.
final class ColumnSums {
  private static final int MOST_BLOCKS = 64;
  private static final int FEWEST_ROWS = 16;
  private static final int COLUMNS = 512;

  private final Parallel parallel;
  private final ThreadLocal<float[]> scratch = ThreadLocal.withInitial(() -> new float[0]);

  ColumnSums(Parallel parallel) {
    this.parallel = parallel;
  }

  /// Fills the partial sums of the rows [from, to), which start at `offset` and begin as zeros.
  @FunctionalInterface
  interface RowBlock {
    void run(int from, int to, float[] partial, int offset);
  }

  /// Runs `body` over the blocks and adds their partial sums to `sums`, each `width` wide; a
  /// block's partial sum for the k-th of them stands k · `width` behind the first one's.
  void addTo(List<MemorySegment> sums, int rows, int width, RowBlock body) {
    int rowsPerBlock = Math.max(FEWEST_ROWS, (rows - 1) / MOST_BLOCKS + 1);
    int blocks = (rows - 1) / rowsPerBlock + 1;
    int stride = sums.size() * width;
    float[] partial = scratch(blocks * stride);
    parallel.forRange(
        blocks,
        1,
        (from, to) -> {
          for (int block = from; block < to; block++) {
            Arrays.fill(partial, block * stride, (block + 1) * stride, 0);
            int row = block * rowsPerBlock;
            body.run(row, Math.min(rows, row + rowsPerBlock), partial, block * stride);
          }
        });
    parallel.forRange(
        width,
        COLUMNS,
        (from, to) -> {
          for (int k = 0; k < sums.size(); k++) {
            addBlocks(partial, k * width, stride, blocks, sums.get(k), from, to);
          }
        });
  }

  private float[] scratch(int size) {
    float[] held = scratch.get();
    if (held.length < size) {
      held = new float[size];
      scratch.set(held);
    }
    return held;
  }

  private static void addBlocks(
      float[] partial, int offset, int stride, int blocks, MemorySegment sum, int from, int to) {
    int i = from;
    for (; i <= to - LENGTH; i += LENGTH) {
      FloatVector total = Lanes.load(sum, i);
      for (int block = 0; block < blocks; block++) {
        total =
            total.add(FloatVector.fromArray(Lanes.SPECIES, partial, offset + block * stride + i));
      }
      Lanes.store(total, sum, i);
    }
    if (i < to) {
      VectorMask<Float> tail = Lanes.first(to - i);
      FloatVector total = Lanes.load(sum, i, tail);
      for (int block = 0; block < blocks; block++) {
        total =
            total.add(
                FloatVector.fromArray(Lanes.SPECIES, partial, offset + block * stride + i, tail));
      }
      Lanes.store(total, sum, i, tail);
    }
  }
}
