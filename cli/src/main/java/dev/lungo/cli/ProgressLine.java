package dev.lungo.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/// Shows how long work is getting on: a bar that redraws itself on a terminal, plain lines now and
/// then elsewhere.
///
/// It is ours because it drops what matters least until the rest fits the terminal, and draws only
/// when the work calls it: no thread of its own takes time from the cores.
final class ProgressLine implements AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long FIRST_PLAIN_NANOS = 5_000_000_000L;
  private static final long LONGEST_PLAIN_NANOS = 60_000_000_000L;
  private static final int FEWEST_CELLS = 6;
  private static final int MOST_CELLS = 24;
  private static final int LEAST_COLUMNS = 40;
  static final int USUAL_COLUMNS = 100;
  private static final String CLEAR = "\r\u001b[2K";

  /// How to show progress.
  enum Style {
    /// One line that redraws itself; for terminals.
    BAR,
    /// A new line at growing intervals; for files, pipes and wherever `NO_COLOR` is set.
    PLAIN
  }

  /// How far some work is.
  interface Status {
    /// Returns the share that is done, from 0 to 1.
    double fraction();

    /// Says it in one line, in several ways: the fullest first, then without what matters less.
    List<String> texts();
  }

  private final Appendable out;
  private final Style style;
  private final int columns;
  private final LongSupplier nanoTime;
  private long nextAt = Long.MIN_VALUE;
  private long interval;
  private boolean drawn;

  /// @param out usually standard error
  /// @param columns of the terminal; a bar is cut to fit
  ProgressLine(Appendable out, Style style, int columns) {
    this(out, style, columns, System::nanoTime);
  }

  ProgressLine(Appendable out, Style style, int columns, LongSupplier nanoTime) {
    this.out = out;
    this.style = style;
    this.columns = columns;
    this.nanoTime = nanoTime;
    interval = style == Style.BAR ? REDRAW_NANOS : FIRST_PLAIN_NANOS;
  }

  /// Makes the line that suits what standard error is.
  static ProgressLine onStandardError() {
    String noColor = System.getenv("NO_COLOR");
    boolean plain = !StandardStreams.errIsTerminal() || noColor != null && !noColor.isEmpty();
    return new ProgressLine(System.err, plain ? Style.PLAIN : Style.BAR, columns());
  }

  /// Returns how wide the terminal is.
  static int columns() {
    return Math.max(LEAST_COLUMNS, Integer.getInteger("lungo.columns", USUAL_COLUMNS));
  }

  /// Shows progress, unless it was shown a moment ago.
  void update(Status status) {
    long now = nanoTime.getAsLong();
    if (nextAt != Long.MIN_VALUE && now - nextAt < 0) {
      return;
    }
    nextAt = now + interval;
    if (style == Style.PLAIN) {
      interval = Math.min(LONGEST_PLAIN_NANOS, interval * 3 / 2);
    }
    show(status);
  }

  /// Shows progress, whenever it was shown last: at the end, and after an evaluation.
  void show(Status status) {
    if (style == Style.PLAIN) {
      print(status.texts().getFirst() + "\n");
      return;
    }
    print(CLEAR + fitted(status));
    drawn = true;
  }

  /// Leaves out what matters least until a bar fits beside the rest.
  private String fitted(Status status) {
    int most = columns - 1 - FEWEST_CELLS - 3;
    List<String> texts = status.texts();
    for (String text : texts) {
      if (text.length() <= most) {
        int cells = Math.min(MOST_CELLS, columns - 1 - text.length() - 3);
        return bar(status.fraction(), cells) + " " + text;
      }
    }
    String shortest = texts.getLast();
    return shortest.substring(0, Math.clamp(columns - 1, 0, shortest.length()));
  }

  /// Prints text of other kinds, a sample for example, above the bar.
  void message(String text) {
    print((drawn ? CLEAR : "") + text + "\n");
    drawn = false;
  }

  /// Writes a time as people say it: `42s`, `3m 05s`, `2h 10m`.
  static String duration(double seconds) {
    if (!Double.isFinite(seconds)) {
      return "?";
    }
    long whole = Math.max(0, Math.round(seconds));
    if (whole < 60) {
      return whole + "s";
    }
    return whole < 3600
        ? String.format(Locale.ROOT, "%dm %02ds", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%dh %02dm", whole / 3600, whole % 3600 / 60);
  }

  private static String bar(double fraction, int cells) {
    int eighths = (int) Math.round(Math.clamp(fraction, 0, 1) * cells * 8);
    StringBuilder bar = new StringBuilder("▕");
    for (int cell = 0; cell < cells; cell++) {
      int filled = Math.clamp(eighths - 8L * cell, 0, 8);
      // From U+258F, one eighth, down to U+2588, the full block.
      bar.append(filled == 0 ? ' ' : (char) (0x2590 - filled));
    }
    return bar.append('▏').toString();
  }

  private void print(String text) {
    try {
      out.append(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Ends the bar's line, so that what follows starts on a new one.
  void end() {
    if (drawn) {
      print("\n");
      drawn = false;
    }
  }

  @Override
  public void close() {
    end();
  }
}
