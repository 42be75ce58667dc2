package dev.lungo.cli;

import dev.lungo.generate.PromptListener;
import java.util.List;
import java.util.Locale;

/// Shows how far a prompt has been read, once that has taken a while.
final class PromptScreen implements PromptListener, AutoCloseable {
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  private final ProgressLine line = ProgressLine.onStandardError();

  /// When the first block had been read, and how many tokens it had.
  private long started;

  private int first;

  /// @param rate in tokens a second
  private record Status(int read, int all, double rate) implements ProgressLine.Status {
    @Override
    public double fraction() {
      return (double) read / all;
    }

    @Override
    public List<String> texts() {
      String share = String.format(Locale.ROOT, "%3.0f%%", 100 * fraction());
      String prompt = String.format(Locale.ROOT, "  of the prompt's %,d tokens", all);
      double left = (all - read) / rate;
      String time = "  " + ProgressLine.duration(left) + " left";
      return List.of(share + prompt + time, share + time, share);
    }
  }

  @Override
  public void read(int read, int all) {
    long now = System.nanoTime();
    if (first == 0) {
      first = read;
      started = now;
    }
    if (now - started > PATIENCE_NANOS) {
      line.update(new Status(read, all, (read - first) * 1e9 / (now - started)));
    }
  }

  /// Ends the line, so that the answer starts on a new one.
  void end() {
    line.end();
  }

  @Override
  public void close() {
    end();
  }
}
