package dev.lungo.kernel;

import java.lang.foreign.MemorySegment;

/// Table look-up by id.
public interface EmbeddingKernels {
  /// Computes out[r] = table[ids[r]]. The caller has checked every id.
  ///
  /// @param ids (rows), int32
  /// @param table (entries, width)
  /// @param out (rows, width)
  void gather(MemorySegment ids, MemorySegment table, MemorySegment out, int rows, int width);

  /// Adds dOut[r] to dTable[ids[r]], in the order of r.
  void gatherBackward(
      MemorySegment ids, MemorySegment dOut, MemorySegment dTable, int rows, int width);
}
