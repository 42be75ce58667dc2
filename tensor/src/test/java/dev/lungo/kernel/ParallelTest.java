package dev.lungo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class ParallelTest {
  @ParameterizedTest
  @CsvSource({"1,100,7", "2,100,7", "3,100,7", "3,1,1", "3,7,7", "3,8,7", "5,1000,1", "2,0,4"})
  void everyIndexIsVisitedOnce(int threads, int count, int chunk) {
    AtomicIntegerArray visits = new AtomicIntegerArray(count);
    try (Parallel parallel = new Parallel(threads)) {
      parallel.forRange(
          count,
          chunk,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              visits.incrementAndGet(i);
            }
          });
    }
    for (int i = 0; i < count; i++) {
      assertThat(visits.get(i)).as("visits of %d", i).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void chunksDependOnTheLoopAlone(int threads) {
    ConcurrentLinkedQueue<String> chunks = new ConcurrentLinkedQueue<>();
    try (Parallel parallel = new Parallel(threads)) {
      parallel.forRange(10, 4, (from, to) -> chunks.add(from + "-" + to));
    }
    assertThat(chunks).containsExactlyInAnyOrder("0-4", "4-8", "8-10");
  }

  @Test
  void severalThreadsTakePart() throws InterruptedException {
    CountDownLatch both = new CountDownLatch(2);
    AtomicInteger met = new AtomicInteger();
    try (Parallel parallel = new Parallel(2)) {
      parallel.forRange(
          2,
          1,
          (from, to) -> {
            both.countDown();
            try {
              if (both.await(30, TimeUnit.SECONDS)) {
                met.incrementAndGet();
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
    }
    assertThat(met).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 57, 99})
  void whatABodyThrowsReachesTheCallerAndThePoolGoesOn(int where) {
    try (Parallel parallel = new Parallel(3)) {
      assertThatThrownBy(() ->
              parallel.forRange(
                  100,
                  1,
                  (from, to) -> {
                    if (from == where) {
                      throw new IllegalArgumentException("row " + from);
                    }
                  }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("row " + where);
      assertThatThrownBy(() ->
              parallel.forRange(
                  100,
                  1,
                  (from, to) -> {
                    throw new StackOverflowError("in " + from);
                  }))
          .isInstanceOf(StackOverflowError.class);
      AtomicInteger visits = new AtomicInteger();
      parallel.forRange(100, 1, (from, to) -> visits.addAndGet(to - from));
      assertThat(visits).hasValue(100);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aLoopInsideALoopRunsOnTheThreadThatStartedIt(int threads) {
    ConcurrentLinkedQueue<String> strays = new ConcurrentLinkedQueue<>();
    AtomicInteger visits = new AtomicInteger();
    try (Parallel parallel = new Parallel(threads)) {
      parallel.forRange(
          20,
          1,
          (from, to) -> {
            Thread outer = Thread.currentThread();
            parallel.forRange(
                10,
                1,
                (innerFrom, innerTo) -> {
                  visits.addAndGet(innerTo - innerFrom);
                  if (Thread.currentThread() != outer) {
                    strays.add(Thread.currentThread().getName());
                  }
                });
          });
    }
    assertThat(strays).isEmpty();
    assertThat(visits).hasValue(200);
  }

  @Test
  void callsFromManyThreadsTakeTurns() throws InterruptedException {
    int callers = 6;
    int loops = 300;
    AtomicInteger visits = new AtomicInteger();
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (Parallel parallel = new Parallel(3)) {
      List<Thread> threads = new ArrayList<>();
      for (int c = 0; c < callers; c++) {
        threads.add(
            Thread.ofPlatform()
                .uncaughtExceptionHandler((thread, thrown) -> failures.add(thrown))
                .start(() -> {
                  for (int loop = 0; loop < loops; loop++) {
                    AtomicInteger own = new AtomicInteger();
                    parallel.forRange(16, 1, (from, to) -> own.addAndGet(to - from));
                    visits.addAndGet(own.get());
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(failures).isEmpty();
    assertThat(visits).hasValue(callers * loops * 16);
  }

  @Test
  void loopsThatFollowAPauseFindTheParkedThreadsAgain() throws InterruptedException {
    try (Parallel parallel = new Parallel(3)) {
      for (int loop = 0; loop < 20; loop++) {
        AtomicInteger visits = new AtomicInteger();
        parallel.forRange(9, 1, (from, to) -> visits.addAndGet(to - from));
        assertThat(visits).hasValue(9);
        Thread.sleep(5);
      }
    }
  }

  @Test
  void aClosedPoolSaysSoAndItsThreadsEnd() throws InterruptedException {
    ConcurrentLinkedQueue<Thread> threads = new ConcurrentLinkedQueue<>();
    Parallel parallel = new Parallel(2);
    CountDownLatch both = new CountDownLatch(2);
    parallel.forRange(
        2,
        1,
        (from, to) -> {
          threads.add(Thread.currentThread());
          both.countDown();
          try {
            both.await(30, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    parallel.close();
    assertThatThrownBy(() -> parallel.forRange(2, 1, (from, to) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    for (Thread thread : threads) {
      if (thread != Thread.currentThread()) {
        thread.join(30_000);
        assertThat(thread.isAlive()).isFalse();
      }
    }
    assertThat(threads).hasSize(2);
  }

  @Test
  void uselessSizesAreRefused() {
    assertThatThrownBy(() -> new Parallel(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1, but is 0");
    try (Parallel parallel = new Parallel(1)) {
      assertThatThrownBy(() -> parallel.forRange(5, 0, (from, to) -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("chunk");
    }
  }
}
