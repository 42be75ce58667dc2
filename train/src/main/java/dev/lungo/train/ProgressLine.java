package dev.lungo.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/// Shows how a run is getting on: a bar that redraws itself on a terminal, plain lines now and then
/// elsewhere.
///
/// It is ours because it drops what matters least until the rest fits the terminal, and draws only
/// when the loop calls it: no thread of its own takes time from the cores that train.
public final class ProgressLine implements AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long FIRST_PLAIN_NANOS = 5_000_000_000L;
  private static final long LONGEST_PLAIN_NANOS = 60_000_000_000L;
  private static final int FEWEST_CELLS = 6;
  private static final int MOST_CELLS = 24;
  private static final String CLEAR = "\r\u001b[2K";

  /// How to show progress.
  public enum Style {
    /// One line that redraws itself; for terminals.
    BAR,
    /// A new line at growing intervals; for files, pipes and wherever `NO_COLOR` is set.
    PLAIN
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
  public ProgressLine(Appendable out, Style style, int columns) {
    this(out, style, columns, System::nanoTime);
  }

  ProgressLine(Appendable out, Style style, int columns, LongSupplier nanoTime) {
    this.out = out;
    this.style = style;
    this.columns = columns;
    this.nanoTime = nanoTime;
    interval = style == Style.BAR ? REDRAW_NANOS : FIRST_PLAIN_NANOS;
  }

  /// Shows progress, unless it was shown a moment ago.
  ///
  /// @param shareOfPeak of the machine's measured arithmetic, from 0 to 1
  public void update(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {
    long now = nanoTime.getAsLong();
    if (nextAt != Long.MIN_VALUE && now - nextAt < 0) {
      return;
    }
    nextAt = now + interval;
    if (style == Style.PLAIN) {
      interval = Math.min(LONGEST_PLAIN_NANOS, interval * 3 / 2);
    }
    show(progress, shareOfPeak);
  }

  /// Shows progress, whenever it was shown last: at the end, and after an evaluation.
  public void show(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {
    if (style == Style.PLAIN) {
      print(describe(progress, shareOfPeak, true) + "\n");
      return;
    }
    print(CLEAR + fitted(progress, shareOfPeak));
    drawn = true;
  }

  /// Leaves out what matters least until a bar fits beside the rest.
  private String fitted(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {
    int most = columns - 1 - FEWEST_CELLS - 3;
    String text = describe(progress, shareOfPeak, true);
    if (text.length() > most) {
      text = describe(progress, shareOfPeak, false);
    }
    if (text.length() > most) {
      text = describe(progress, OptionalDouble.empty(), false);
    }
    if (text.length() > most) {
      return text.substring(0, Math.clamp(columns - 1, 0, text.length()));
    }
    return bar(progress.fraction(), Math.min(MOST_CELLS, columns - 1 - text.length() - 3))
        + " "
        + text;
  }

  /// Prints text of other kinds, a sample for example, above the bar.
  public void message(String text) {
    print((drawn ? CLEAR : "") + text + "\n");
    drawn = false;
  }

  private static String describe(
      TrainingLoop.Progress progress, OptionalDouble shareOfPeak, boolean withStep) {
    StringBuilder text = new StringBuilder(96);
    text.append(String.format(Locale.ROOT, "%3.0f%%", 100 * progress.fraction()));
    if (withStep) {
      text.append("  step ").append(progress.step());
      progress.totalSteps().ifPresent(total -> text.append('/').append(total));
    }
    text.append(String.format(Locale.ROOT, "  loss %.3f", progress.smoothedLoss()));
    if (progress.valBitsPerByte().isPresent()) {
      text.append(
          String.format(
              Locale.ROOT, "  held-out %.3f bits/byte", progress.valBitsPerByte().getAsDouble()));
    }
    text.append("  ").append(rate(progress.tokensPerSecond()));
    if (shareOfPeak.isPresent()) {
      text.append(String.format(Locale.ROOT, "  %.0f%% of peak", 100 * shareOfPeak.getAsDouble()));
    }
    return text.append("  ")
        .append(duration(progress.remainingSeconds()))
        .append(" left")
        .toString();
  }

  private static String rate(double tokensPerSecond) {
    return tokensPerSecond < 10_000
        ? String.format(Locale.ROOT, "%.0f tok/s", tokensPerSecond)
        : String.format(Locale.ROOT, "%.1fk tok/s", tokensPerSecond / 1000);
  }

  /// Writes a time as people say it: `42s`, `3m 05s`, `2h 10m`.
  public static String duration(double seconds) {
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
  @Override
  public void close() {
    if (drawn) {
      print("\n");
      drawn = false;
    }
  }
}
