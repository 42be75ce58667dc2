package dev.lungo.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The most that an implementation's threads could reach together on this machine, measured: what a
/// rate is a share of.
///
/// @param flops floating-point operations a second, a fused multiply-add counting as two
/// @param readBytes bytes a second read from memory
public record MachinePeak(double flops, double readBytes) {
  /// What any machine reaches once the loop is compiled: below it, the compiler is not done yet.
  private static final double PLAUSIBLE_FLOPS = 2e9;

  private static final long MOST_NANOS = 4_000_000_000L;
  private static final long PATIENCE_NANOS = 200_000_000;
  private static final double NOTABLY = 1.05;
  private static final int READINGS = 4;
  private static final long LONG_ENOUGH_NANOS = 1_000_000;
  private static final int FIRST_ITERATIONS = 20;

  /// Calls of a short loop after which the compiler takes the whole method, not the running loop
  /// alone.
  private static final int WARM_UP_CALLS = 750;

  /// Larger than most last-level caches.
  private static final long READ_BYTES = 64L << 20;

  private static final Map<String, MachinePeak> MEASURED = new ConcurrentHashMap<>();

  /// Only keeps the compiler from dropping a loop whose result nobody reads.
  private static volatile double result;

  /// A loop of multiply-adds that do not wait for each other; returns what they compute.
  @FunctionalInterface
  public interface Arithmetic {
    float run(int iterations);
  }

  /// Measures for a second or less, once in a process for each implementation and number of
  /// threads.
  ///
  /// @param flopsPerIteration floating-point operations in one iteration of `arithmetic`
  public static MachinePeak measure(Kernels kernels, Arithmetic arithmetic, int flopsPerIteration) {
    return MEASURED.computeIfAbsent(
        kernels.description(),
        description ->
            new MachinePeak(
                bestFlops(kernels.parallel(), arithmetic, flopsPerIteration),
                bestReadBytes(kernels)));
  }

  /// Repeats until no round has been faster for a while: the first ones run before the compiler is
  /// done, and any may be interrupted.
  private static double bestFlops(Parallel parallel, Arithmetic arithmetic, int flopsPerIteration) {
    for (int call = 0; call < WARM_UP_CALLS; call++) {
      result = arithmetic.run(FIRST_ITERATIONS);
    }
    double best = 0;
    int iterations = FIRST_ITERATIONS;
    long now = System.nanoTime();
    long latest = now + MOST_NANOS;
    long end = now + PATIENCE_NANOS;
    for (; now < end || (best < PLAUSIBLE_FLOPS && now < latest); now = System.nanoTime()) {
      int round = iterations;
      parallel.forRange(parallel.threads(), 1, (from, to) -> result = arithmetic.run(round));
      long nanos = Math.max(1, System.nanoTime() - now);
      double flops = 1e9 * parallel.threads() * round * flopsPerIteration / nanos;
      if (flops > NOTABLY * best) {
        end = System.nanoTime() + PATIENCE_NANOS;
      }
      best = Math.max(best, flops);
      if (nanos < LONG_ENOUGH_NANOS) {
        iterations *= 2;
      }
    }
    return best;
  }

  private static double bestReadBytes(Kernels kernels) {
    double best = 0;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(READ_BYTES, Float.BYTES);
      for (int reading = 0; reading < READINGS; reading++) {
        long start = System.nanoTime();
        result = kernels.elementwise().sumOfSquares(memory, READ_BYTES / Float.BYTES);
        best = Math.max(best, 1e9 * READ_BYTES / (System.nanoTime() - start));
      }
    }
    return best;
  }
}
