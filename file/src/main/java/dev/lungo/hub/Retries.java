package dev.lungo.hub;

import java.io.IOException;
import java.util.Locale;
import java.util.function.Consumer;

/// Waits longer and longer between tries that fail in a row, and then gives up.
final class Retries {
  /// Something that may have to be tried again.
  @FunctionalInterface
  interface Try<T> {
    T run() throws IOException, InterruptedException;
  }

  private final Patience patience;
  private final Consumer<String> messages;
  private int failures;

  Retries(Patience patience, Consumer<String> messages) {
    this.patience = patience;
    this.messages = messages;
  }

  /// Runs `attempt` until it succeeds or fails for good.
  <T> T run(Try<T> attempt) throws IOException, InterruptedException {
    while (true) {
      try {
        return attempt.run();
      } catch (HubException e) {
        waitAfter(e);
      }
    }
  }

  /// Says that something came: failures count in a row.
  void progressed() {
    failures = 0;
  }

  private void waitAfter(HubException failed) throws HubException, InterruptedException {
    failures++;
    if (!failed.isPassing()) {
      throw failed;
    }
    if (failures >= patience.tries()) {
      throw HubException.lasting(
          failed.getMessage() + "; gave up after " + failures + " tries; try again later");
    }
    long asked = failed.waitMillis().orElse(0);
    if (asked > patience.longestWaitMillis()) {
      throw HubException.lasting(
          failed.getMessage() + "; the server asks to wait " + asked / 1000 + " s; try again then");
    }
    long wait = Math.max(asked, (long) patience.backOffMillis() << Math.min(10, failures - 1));
    messages.accept(
        String.format(Locale.ROOT, "%s; again in %.1f s", failed.getMessage(), wait / 1000.0));
    Thread.sleep(wait);
  }
}
