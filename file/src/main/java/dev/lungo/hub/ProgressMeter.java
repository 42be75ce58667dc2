package dev.lungo.hub;

import java.util.HashMap;
import java.util.Map;

/// Adds up how far the files are, and how fast that grows.
final class ProgressMeter {
  private static final double LEAST_SECONDS = 0.5;
  private static final double SHARE_OF_NEW = 0.3;

  private final PullListener listener;
  private final long totalBytes;
  private final Map<String, Long> bytesByFile = new HashMap<>();
  private long bytes;
  private long arrived;
  private long measuredArrived;
  private long measuredNanos = System.nanoTime();
  private double rate;

  ProgressMeter(PullListener listener, long totalBytes) {
    this.listener = listener;
    this.totalBytes = totalBytes;
  }

  /// Says how many bytes of a file are here.
  ///
  /// @param fresh how many of them came just now
  synchronized void at(String file, long fileBytes, long fresh) {
    Long before = bytesByFile.put(file, fileBytes);
    bytes += fileBytes - (before == null ? 0 : before);
    arrived += fresh;
    double seconds = (System.nanoTime() - measuredNanos) / 1e9;
    if (seconds >= LEAST_SECONDS) {
      double now = (arrived - measuredArrived) / seconds;
      rate = rate == 0 ? now : rate + SHARE_OF_NEW * (now - rate);
      measuredArrived = arrived;
      measuredNanos = System.nanoTime();
    }
    long left = Math.max(0, totalBytes - bytes);
    listener.advanced(
        new PullListener.Progress(
            bytes, Math.max(bytes, totalBytes), rate, left == 0 ? 0 : left / rate));
  }

  synchronized void finished(HubFile file, long fileBytes, boolean downloaded) {
    at(file.name(), fileBytes, 0);
    listener.finished(file, fileBytes, downloaded);
  }

  synchronized void message(String text) {
    listener.message(text);
  }
}
