package dev.lungo.cli;

import dev.lungo.lab.LabListener;
import dev.lungo.lab.LabReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Shows an experiment in the terminal: what it does, a progress bar, and its report.
final class LabScreen implements LabListener, AutoCloseable {
  /// A smaller share says nothing yet about how long the rest will take.
  private static final double KNOWN = 0.01;

  private final Console console;
  private final ProgressLine line = ProgressLine.onStandardError();
  private final long started = System.nanoTime();

  private record Status(String part, double fraction, double seconds)
      implements ProgressLine.Status {
    @Override
    public List<String> texts() {
      double left = fraction < KNOWN ? Double.NaN : seconds * (1 - fraction) / fraction;
      String percent = String.format(Locale.ROOT, "%.0f %%", 100 * fraction);
      return List.of(
          percent + ", " + part + ", " + ProgressLine.duration(left) + " left",
          percent + ", " + part,
          part);
    }
  }

  LabScreen(Console console) {
    this.console = console;
  }

  @Override
  public void phase(String name, String text) {
    line.message(String.format(Locale.ROOT, "%-16s %s", name, text));
  }

  @Override
  public void progressed(String part, double fraction) {
    line.update(new Status(part, fraction, (System.nanoTime() - started) / 1e9));
  }

  /// Prints the report and leaves its page.
  void show(LabReport report, Path page) throws IOException {
    line.end();
    report.write(page);
    console.print(report.text());
    console.print(
        "The charts are in "
            + page
            + "; all of it took "
            + ProgressLine.duration((System.nanoTime() - started) / 1e9)
            + ".");
  }

  @Override
  public void close() {
    line.close();
  }
}
