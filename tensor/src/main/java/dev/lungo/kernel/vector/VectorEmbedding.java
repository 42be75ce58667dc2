package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.lungo.kernel.EmbeddingKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.VectorMask;

/// Table look-up: rows are copied in parallel, and added back in parallel over columns, because
/// several rows may belong to one entry and have an order.
final class VectorEmbedding implements EmbeddingKernels {
  /// Enough of each row to read forwards; with 128 the jumps between rows took twice the time.
  private static final int COLUMNS = 256;

  private final Parallel parallel;

  VectorEmbedding(Parallel parallel) {
    this.parallel = parallel;
  }

  @Override
  public void gather(
      MemorySegment ids, MemorySegment table, MemorySegment out, int rows, int width) {
    long bytes = (long) width * Float.BYTES;
    parallel.forRange(
        rows,
        Blocks.rows(width),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            MemorySegment.copy(
                table, ids.getAtIndex(JAVA_INT_UNALIGNED, r) * bytes, out, r * bytes, bytes);
          }
        });
  }

  @Override
  public void gatherBackward(
      MemorySegment ids, MemorySegment dOut, MemorySegment dTable, int rows, int width) {
    parallel.forRange(
        width,
        COLUMNS,
        (from, to) -> {
          for (int r = 0; r < rows; r++) {
            long entry = (long) ids.getAtIndex(JAVA_INT_UNALIGNED, r) * width;
            long row = (long) r * width;
            int i = from;
            for (; i <= to - LENGTH; i += LENGTH) {
              store(load(dTable, entry + i).add(load(dOut, row + i)), dTable, entry + i);
            }
            if (i < to) {
              VectorMask<Float> tail = Lanes.first(to - i);
              store(
                  load(dTable, entry + i, tail).add(load(dOut, row + i, tail)),
                  dTable,
                  entry + i,
                  tail);
            }
          }
        });
  }
}
