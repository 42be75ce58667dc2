package dev.lungo.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// An answer's body, piece by piece. Unlike the JDK's streams it does not wait for ever for the
/// next piece, nor let a server keep a reader busy with a byte now and then.
final class TimedBody implements BodySubscriber<TimedBody>, AutoCloseable {
  private sealed interface Signal {}

  private record Piece(List<ByteBuffer> bytes) implements Signal {}

  private record Broken(Throwable cause) implements Signal {}

  private record Ended() implements Signal {}

  private final String what;
  private final Patience patience;
  private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();
  private volatile Flow.@Nullable Subscription subscription;
  private volatile boolean closed;
  private long windowStart = System.nanoTime();
  private long windowBytes;

  /// @param what is read, in messages
  TimedBody(String what, Patience patience) {
    this.what = what;
    this.patience = patience;
  }

  @Override
  public CompletionStage<TimedBody> getBody() {
    // At once: who reads the body need not wait for its end.
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    this.subscription = subscription;
    if (closed) {
      subscription.cancel();
    } else {
      subscription.request(1);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> item) {
    signals.add(new Piece(item));
  }

  @Override
  public void onError(Throwable throwable) {
    signals.add(new Broken(throwable));
  }

  @Override
  public void onComplete() {
    signals.add(new Ended());
  }

  /// Returns the next bytes; an empty list at the end.
  ///
  /// @throws HubException when the connection breaks, stalls, or trickles
  List<ByteBuffer> next() throws HubException, InterruptedException {
    long left = TimeUnit.MILLISECONDS.toNanos(patience.stallMillis()) - elapsed();
    if (left <= 0) {
      if (windowBytes < patience.leastBytes()) {
        throw tooSlow();
      }
      startWindow();
      left = TimeUnit.MILLISECONDS.toNanos(patience.stallMillis());
    }
    Signal signal = signals.poll(left, TimeUnit.NANOSECONDS);
    return switch (signal) {
      case null -> {
        if (windowBytes >= patience.leastBytes()) {
          startWindow();
          yield next();
        }
        throw tooSlow();
      }
      case Piece(List<ByteBuffer> bytes) -> {
        for (ByteBuffer buffer : bytes) {
          windowBytes += buffer.remaining();
        }
        request();
        yield bytes.isEmpty() ? next() : bytes;
      }
      case Broken(Throwable cause) ->
          throw HubException.passing(what + ": the connection broke: " + reason(cause), cause);
      case Ended ended -> {
        signals.add(ended);
        yield List.of();
      }
    };
  }

  private long elapsed() {
    return System.nanoTime() - windowStart;
  }

  private void startWindow() {
    windowStart = System.nanoTime();
    windowBytes = 0;
  }

  private HubException tooSlow() {
    return HubException.passing(
        what
            + ": only "
            + windowBytes
            + " bytes came in "
            + patience.stallMillis() / 1000.0
            + " s");
  }

  private void request() {
    Flow.Subscription current = subscription;
    if (current != null) {
      current.request(1);
    }
  }

  /// Reads all of a small body.
  ///
  /// @throws HubException if it has more than `most` bytes
  byte[] readAll(int most) throws HubException, InterruptedException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (List<ByteBuffer> bytes = next(); !bytes.isEmpty(); bytes = next()) {
      for (ByteBuffer buffer : bytes) {
        if (all.size() + buffer.remaining() > most) {
          throw HubException.lasting(what + ": the answer has more than " + most + " bytes");
        }
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(copy);
        all.writeBytes(copy);
      }
    }
    return all.toByteArray();
  }

  /// Describes a failure whose exception may have no text of its own.
  static String reason(Throwable cause) {
    for (Throwable one = cause; one != null; one = one.getCause()) {
      if (one instanceof UnresolvedAddressException) {
        return "no host of this name is known";
      }
      if (one instanceof IOException && one.getMessage() != null) {
        return String.valueOf(one.getMessage());
      }
    }
    return cause instanceof ConnectException
        ? "it cannot be connected to"
        : cause.getClass().getSimpleName();
  }

  /// Lets go of the connection, whether all was read or not.
  @Override
  public void close() {
    closed = true;
    Flow.Subscription current = subscription;
    if (current != null) {
      current.cancel();
    }
  }
}
