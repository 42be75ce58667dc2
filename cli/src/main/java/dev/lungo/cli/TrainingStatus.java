package dev.lungo.cli;

import dev.lungo.train.TrainingLoop;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// Says how a training run is getting on.
///
/// @param shareOfPeak of the machine's measured arithmetic, from 0 to 1
record TrainingStatus(TrainingLoop.Progress progress, OptionalDouble shareOfPeak)
    implements ProgressLine.Status {
  @Override
  public double fraction() {
    return progress.fraction();
  }

  @Override
  public List<String> texts() {
    return List.of(
        describe(shareOfPeak, true),
        describe(shareOfPeak, false),
        describe(OptionalDouble.empty(), false));
  }

  private String describe(OptionalDouble share, boolean withStep) {
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
    if (share.isPresent()) {
      text.append(String.format(Locale.ROOT, "  %.0f%% of peak", 100 * share.getAsDouble()));
    }
    return text.append("  ")
        .append(ProgressLine.duration(progress.remainingSeconds()))
        .append(" left")
        .toString();
  }

  private static String rate(double tokensPerSecond) {
    return tokensPerSecond < 10_000
        ? String.format(Locale.ROOT, "%.0f tok/s", tokensPerSecond)
        : String.format(Locale.ROOT, "%.1fk tok/s", tokensPerSecond / 1000);
  }
}
