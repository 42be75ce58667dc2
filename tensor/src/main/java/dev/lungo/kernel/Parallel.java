package dev.lungo.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed pool of threads for loops whose iterations do not depend on each other.
///
/// The caller works too; the others take the next chunk when they are free and **park** when there
/// is none, because threads that spin at barriers starve each other where cores are shared. A loop
/// is split by its own length only, so that a result never depends on the number of threads. One
/// loop runs at a time; calls from several threads take turns. A loop started inside another one's
/// body runs whole on the thread that started it.
public final class Parallel implements AutoCloseable {
  /// The body of a loop, called with disjoint ranges that together cover it.
  @FunctionalInterface
  public interface Range {
    void run(int from, int to);
  }

  /// How often a thread looks for what it waits for before it lets others run between the looks.
  private static final int LOOKS_BEFORE_YIELDING = 1_000;

  /// How often it looks before it parks: a few hundred microseconds, longer than any gap between
  /// the kernels of a step, since waking a parked thread takes as long as a small kernel.
  private static final int LOOKS_BEFORE_PARKING = 1_500;

  private final Worker[] workers;
  private final Object turn = new Object();
  private volatile @Nullable Loop current;
  private volatile boolean closed;

  /// Starts a pool.
  ///
  /// @param threads how many run a loop, the caller included
  public Parallel(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: must be at least 1, but is " + threads);
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker("lungo-kernel-" + (i + 1));
    }
    for (Worker worker : workers) {
      worker.start();
    }
  }

  public int threads() {
    return workers.length + 1;
  }

  /// Runs `body` over [0, count) in chunks of `chunk` iterations (the last may be shorter). What a
  /// body throws reaches the caller once no chunk runs any more.
  public void forRange(int count, int chunk, Range body) {
    if (chunk < 1) {
      throw new IllegalArgumentException("chunk: must be at least 1, but is " + chunk);
    }
    if (count <= 0) {
      return;
    }
    if (workers.length == 0 || count <= chunk || insideLoop()) {
      for (int from = 0; from < count; from += chunk) {
        body.run(from, Math.min(count, from + chunk));
      }
      return;
    }
    synchronized (turn) {
      if (closed) {
        throw new IllegalStateException("the kernel threads are closed; open new kernels");
      }
      Loop loop = new Loop(count, chunk, body, Thread.currentThread());
      current = loop;
      for (int i = 0; i < Math.min(workers.length, loop.chunks - 1); i++) {
        workers[i].wake();
      }
      loop.takeChunks();
      loop.awaitOthers();
      current = null;
      loop.rethrow();
    }
  }

  /// Waits a little, longer after many looks, and says whether it did: after too many it is time to
  /// park.
  private static boolean waited(int looks) {
    if (looks < LOOKS_BEFORE_YIELDING) {
      Thread.onSpinWait();
    } else if (looks < LOOKS_BEFORE_PARKING) {
      Thread.yield();
    }
    return looks < LOOKS_BEFORE_PARKING;
  }

  private boolean insideLoop() {
    return Thread.holdsLock(turn)
        || (Thread.currentThread() instanceof Worker worker && worker.pool() == this);
  }

  @Override
  public void close() {
    closed = true;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  private final class Worker extends Thread {
    private volatile boolean parks;

    Worker(String name) {
      super(name);
      setDaemon(true);
    }

    Parallel pool() {
      return Parallel.this;
    }

    @Override
    public void run() {
      Loop last = null;
      int looks = 0;
      while (!closed) {
        Loop loop = current;
        if (loop != null && loop != last) {
          loop.takeChunks();
          last = loop;
          parks = false;
          looks = 0;
        } else if (parks) {
          LockSupport.park(Parallel.this);
          parks = false;
          looks = 0;
        } else {
          // Whoever starts a loop after this is said wakes the worker; a loop that was started
          // before is seen by one more look.
          parks = !waited(looks++);
        }
      }
    }

    /// Wakes the worker, if it is parked or about to.
    void wake() {
      if (parks) {
        LockSupport.unpark(this);
      }
    }
  }

  private static final class Loop {
    private final int count;
    private final int chunk;
    private final int chunks;
    private final Range body;
    private final Thread owner;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger unfinished;
    private volatile boolean ownerParks;
    private volatile @Nullable Throwable failure;

    Loop(int count, int chunk, Range body, Thread owner) {
      this.count = count;
      this.chunk = chunk;
      this.chunks = (count - 1) / chunk + 1;
      this.body = body;
      this.owner = owner;
      this.unfinished = new AtomicInteger(chunks);
    }

    void takeChunks() {
      for (int i = next.getAndIncrement(); i < chunks; i = next.getAndIncrement()) {
        try {
          int from = i * chunk;
          body.run(from, Math.min(count, from + chunk));
        } catch (Throwable thrown) {
          failure = thrown;
        } finally {
          if (unfinished.decrementAndGet() == 0 && ownerParks) {
            LockSupport.unpark(owner);
          }
        }
      }
    }

    void awaitOthers() {
      for (int looks = 0; unfinished.get() > 0; looks++) {
        if (ownerParks) {
          LockSupport.park(this);
        } else {
          ownerParks = !waited(looks);
        }
      }
    }

    void rethrow() {
      switch (failure) {
        case null -> {}
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case Throwable other -> throw new IllegalStateException("a kernel failed", other);
      }
    }
  }
}
