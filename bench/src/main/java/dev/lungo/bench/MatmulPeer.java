package dev.lungo.bench;

import dev.lungo.kernel.MatmulKernels.Form;
import java.lang.foreign.MemorySegment;

/// A library that multiplies float32 matrices, in our process.
public interface MatmulPeer {
  /// Returns name and version.
  String name();

  /// Sets how many threads a product takes.
  void useThreads(int threads);

  /// Prepares c = op(a)·op(b) over dense row-major off-heap matrices; see
  /// [dev.lungo.kernel.MatmulKernels].
  Runnable product(
      Form form, int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment c);
}
