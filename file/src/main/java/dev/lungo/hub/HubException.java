package dev.lungo.hub;

import java.io.IOException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Reports a hub that answers wrongly, not at all, or with a refusal.
public final class HubException extends IOException {
  private static final long serialVersionUID = 1L;

  private static final int RANGE_NOT_SATISFIABLE = 416;

  private final boolean passing;
  private final boolean rangeRefused;
  private final long waitMillis;

  private HubException(
      String message,
      boolean passing,
      boolean rangeRefused,
      long waitMillis,
      @Nullable Throwable cause) {
    super(message, cause);
    this.passing = passing;
    this.rangeRefused = rangeRefused;
    this.waitMillis = waitMillis;
  }

  /// Makes the exception for what another try will not mend.
  static HubException lasting(String message) {
    return new HubException(message, false, false, -1, null);
  }

  /// Makes the exception for what another try may mend.
  static HubException passing(String message) {
    return new HubException(message, true, false, -1, null);
  }

  /// Makes the exception for what another try may mend, with what caused it.
  static HubException passing(String message, Throwable cause) {
    return new HubException(message, true, false, -1, cause);
  }

  /// Makes the exception for a server that asks to wait.
  static HubException passing(String message, OptionalLong waitMillis) {
    return new HubException(message, true, false, waitMillis.orElse(-1), null);
  }

  /// Makes the exception for an answer of another status than was hoped for.
  static HubException status(int status, String message) {
    return new HubException(message, false, status == RANGE_NOT_SATISFIABLE, -1, null);
  }

  /// Tells whether the server has no such part of the file.
  boolean isRangeRefused() {
    return rangeRefused;
  }

  /// Tells whether another try may succeed.
  boolean isPassing() {
    return passing;
  }

  /// Returns how long the server asks to wait.
  OptionalLong waitMillis() {
    return waitMillis < 0 ? OptionalLong.empty() : OptionalLong.of(waitMillis);
  }
}
