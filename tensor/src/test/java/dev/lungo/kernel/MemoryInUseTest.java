package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lungo.quant.Q8_0;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Kernels that read weights by their address end before the weights are given back, and find out
/// when they have been.
final class MemoryInUseTest {
  private static final int ROWS = 4096;
  private static final int WIDTH = 1024;

  @Test
  void weightsAreGivenBackBetweenTwoProductsAndNotWithinOne() throws Exception {
    try (Kernels kernels = KernelChoice.open(2);
        Arena own = Arena.ofShared();
        ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Q8_0 format = new Q8_0();
      MemorySegment x = own.allocate(WIDTH * Float.BYTES, 64);
      MemorySegment y = own.allocate(ROWS * Float.BYTES, 64);
      for (int round = 0; round < 10; round++) {
        Arena arena = Arena.ofShared();
        MemorySegment weights = arena.allocate(format.bytes(ROWS * WIDTH), 64);
        CountDownLatch running = new CountDownLatch(3);
        Future<Throwable> failure =
            executor.submit(() -> {
              try {
                while (true) {
                  kernels.blockMatmul().multiply(format, 1, ROWS, WIDTH, x, weights, y);
                  running.countDown();
                }
              } catch (IllegalStateException closed) {
                return closed;
              }
            });
        running.await();
        MemoryInUse.close(arena);
        assertThat(failure.get(10, TimeUnit.SECONDS)).hasMessageContaining("given back");
      }
    }
  }
}
