package dev.lungo.cli;

import dev.lungo.generate.PromptListener;
import java.util.List;
import java.util.Locale;

/// Shows how far a prompt has been read, once that has taken a while.
final class PromptScreen implements PromptListener, AutoCloseable {
  private static final long PATIENCE_NANOS = 1_000_000_000L;

  private final ProgressLine line = ProgressLine.onStandardError();
  private final long started = System.nanoTime();

  private record Status(int read, int all, double seconds) implements ProgressLine.Status {
    @Override
    public double fraction() {
      return (double) read / all;
    }

    @Override
    public List<String> texts() {
      String share = String.format(Locale.ROOT, "%3.0f%%", 100 * fraction());
      String prompt = String.format(Locale.ROOT, "  of the prompt's %,d tokens", all);
      double left = seconds * (all - read) / read;
      String time = "  " + ProgressLine.duration(left) + " left";
      return List.of(share + prompt + time, share + time, share);
    }
  }

  @Override
  public void read(int read, int all) {
    long nanos = System.nanoTime() - started;
    if (nanos > PATIENCE_NANOS) {
      line.update(new Status(read, all, nanos / 1e9));
    }
  }

  @Override
  public void close() {
    line.close();
  }
}
