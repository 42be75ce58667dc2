package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.add;
import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/// Table look-up, row by row.
final class ScalarEmbedding implements EmbeddingKernels {
  @Override
  public void gather(
      MemorySegment ids, MemorySegment table, MemorySegment out, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      long entry = (long) ids.getAtIndex(JAVA_INT_UNALIGNED, r) * width;
      for (int i = 0; i < width; i++) {
        set(out, (long) r * width + i, get(table, entry + i));
      }
    }
  }

  @Override
  public void gatherBackward(
      MemorySegment ids, MemorySegment dOut, MemorySegment dTable, int rows, int width) {
    for (int r = 0; r < rows; r++) {
      long entry = (long) ids.getAtIndex(JAVA_INT_UNALIGNED, r) * width;
      for (int i = 0; i < width; i++) {
        add(dTable, entry + i, get(dOut, (long) r * width + i));
      }
    }
  }
}
