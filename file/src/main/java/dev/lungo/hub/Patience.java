package dev.lungo.hub;

/// How long to wait for a server, and how often to try again.
///
/// @param connectMillis until a connection stands
/// @param answerMillis until an answer's head has come
/// @param stallMillis within which `leastBytes` must come; less counts as a dropped connection
/// @param tries in a row without any progress before giving up
/// @param backOffMillis before the second try; doubles with each further one
/// @param longestWaitMillis the most that a server may ask to wait
public record Patience(
    int connectMillis,
    int answerMillis,
    int stallMillis,
    int leastBytes,
    int tries,
    int backOffMillis,
    int longestWaitMillis) {
  /// What suits the internet.
  public static final Patience USUAL = new Patience(20_000, 60_000, 30_000, 4096, 6, 1000, 120_000);

  public Patience {
    if (connectMillis < 1 || answerMillis < 1 || stallMillis < 1 || tries < 1) {
      throw new IllegalArgumentException("waiting times and tries must be at least 1");
    }
    if (leastBytes < 0 || backOffMillis < 0 || longestWaitMillis < 0) {
      throw new IllegalArgumentException("bytes and back-off must not be negative");
    }
  }
}
