package dev.lungo.bench;

import dev.lungo.kernel.Parallel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/// How fast the bytes of a mapped file can be read when nothing else is done with them: no model in
/// this file can generate faster.
final class ReadTest implements AutoCloseable {
  private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;
  private static final int BYTES = SPECIES.vectorByteSize();
  private static final int PAGE = 4096;
  private static final long NANOS = 500_000_000;

  /// All of memory, so that with a masked address no access needs a check, as in our kernels.
  private static final MemorySegment MEMORY = memory();

  private static final long LARGEST_ADDRESS = (1L << 56) - 1;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment file;
  private final Parallel parallel;
  private final AtomicLong sum = new AtomicLong();

  ReadTest(Path path, int threads) throws IOException {
    try (FileChannel channel = FileChannel.open(path)) {
      file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
    parallel = new Parallel(threads);
  }

  @SuppressWarnings("restricted") // The launcher allows native access.
  private static MemorySegment memory() {
    return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  }

  /// Reads every page, again and again for half a second, and returns gigabytes a second.
  double gigabytesPerSecond() {
    long start = System.nanoTime();
    long bytes = 0;
    do {
      readOnce();
      bytes += file.byteSize();
    } while (System.nanoTime() - start < NANOS);
    return bytes / (double) (System.nanoTime() - start);
  }

  private void readOnce() {
    // Each thread reads one long stretch, as processors like it best.
    int pages = (int) (file.byteSize() / PAGE);
    parallel.forRange(
        pages,
        (pages - 1) / parallel.threads() + 1,
        (from, to) -> {
          long found = 0;
          for (int page = from; page < to; page++) {
            found += sum(file.address() + page * (long) PAGE);
          }
          sum.addAndGet(found);
        });
  }

  /// A page at a time: a method that is called often is compiled sooner than a long loop.
  private static long sum(long page) {
    LongVector a = LongVector.zero(SPECIES);
    LongVector b = a;
    for (int at = 0; at < PAGE; at += 4 * BYTES) {
      long from = page + at & LARGEST_ADDRESS;
      a = a.add(load(from)).add(load(from + 2 * BYTES));
      b = b.add(load(from + BYTES)).add(load(from + 3 * BYTES));
    }
    return a.add(b).lane(0);
  }

  private static LongVector load(long address) {
    return LongVector.fromMemorySegment(SPECIES, MEMORY, address, ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    parallel.close();
    arena.close();
  }
}
