package dev.lungo.cli;

import dev.lungo.train.Curve;
import dev.lungo.train.MetricsLog;
import dev.lungo.train.RunListener;
import dev.lungo.train.RunReport;
import dev.lungo.train.TerminalChart;
import dev.lungo.train.TrainingLoop;
import dev.lungo.train.TrainingRun;
import dev.lungo.train.TranslationRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// Shows a training run in the terminal: what it prepares, a progress bar, samples, and a summary
/// at the end.
final class RunScreen implements RunListener {
  private static final int CHART_ROWS = 12;

  private final Console console;
  private final ProgressLine line = ProgressLine.onStandardError();

  RunScreen(Console console) {
    this.console = console;
  }

  @Override
  public void phase(String name, String text) {
    line.message(String.format(Locale.ROOT, "%-14s %s", name, text));
  }

  @Override
  public void stepped(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {
    line.update(new TrainingStatus(progress, shareOfPeak));
  }

  @Override
  public void evaluated(TrainingLoop.Progress progress, OptionalDouble shareOfPeak) {
    line.show(new TrainingStatus(progress, shareOfPeak));
  }

  @Override
  public void sampled(long step, String prompt, String continuation) {
    line.message("── after step " + step + " ──\n" + prompt + continuation + "\n──");
  }

  @Override
  public void warned(String text) {
    line.message("warning: " + text);
  }

  /// Prints what a run came to, its loss and what to do next.
  void summary(TrainingRun.Outcome outcome) throws IOException {
    line.close();
    chart(outcome.run());
    console.print(
        String.format(
            Locale.ROOT,
            "%s after %,d steps, %,d tokens, %s: held-out %.4f bits per byte (loss %.4f nats per token)",
            end(outcome.end()),
            outcome.steps(),
            outcome.tokens(),
            ProgressLine.duration(outcome.trainingSeconds()),
            outcome.valBitsPerByte(),
            outcome.valLoss()));
    console.print(
        String.format(
            Locale.ROOT,
            "%,.0f tokens per second, %s; %,d parameters; memory %,d MB of %,d MB estimated",
            outcome.tokensPerSecond(),
            Double.isNaN(outcome.shareOfPeak())
                ? "peak unknown"
                : String.format(
                    Locale.ROOT, "%.0f %% of this machine's peak", 100 * outcome.shareOfPeak()),
            outcome.parameters(),
            outcome.peakBytes() / 1_000_000,
            outcome.estimatedBytes() / 1_000_000));
    console.print("");
    console.print(
        "The model, its tokenizer and " + RunReport.FILE + " are in " + outcome.run() + ". Next:");
    if (outcome.end() == TrainingLoop.End.STOPPED) {
      console.print("  ./lungo train --resume " + outcome.run());
    }
    for (String command : TrainingRun.nextCommands(outcome.run())) {
      console.print("  " + command);
    }
  }

  /// Prints what a run that learned to translate came to, and what to do next.
  void summary(TranslationRun.Outcome outcome) throws IOException {
    line.close();
    chart(outcome.run());
    console.print(
        String.format(
            Locale.ROOT,
            "%s after %,d steps, %s: %.2f %% of %,d held-out pairs exact, BLEU %.2f, chrF %.2f (loss"
                + " %.4f nats per token)",
            end(outcome.end()),
            outcome.steps(),
            ProgressLine.duration(outcome.trainingSeconds()),
            100 * outcome.exactMatch(),
            outcome.heldOutPairs(),
            outcome.bleu(),
            outcome.chrf(),
            outcome.valLoss()));
    console.print(
        String.format(
            Locale.ROOT,
            "%,.0f tokens per second; %,d parameters; memory %,d MB of %,d MB estimated",
            outcome.tokensPerSecond(),
            outcome.parameters(),
            outcome.peakBytes() / 1_000_000,
            outcome.estimatedBytes() / 1_000_000));
    console.print("");
    console.print(
        "The model, its tokenizer and " + RunReport.FILE + " are in " + outcome.run() + ". Next:");
    if (outcome.end() == TrainingLoop.End.STOPPED) {
      console.print("  ./lungo train --resume " + outcome.run());
    }
    for (String command : outcome.nextCommands()) {
      console.print("  " + command);
    }
  }

  private static String end(TrainingLoop.End end) {
    return switch (end) {
      case FINISHED -> "finished";
      case STOPPED -> "stopped";
      case DIVERGED -> "stopped, because too many steps in a row were no numbers,";
    };
  }

  private void chart(String run) throws IOException {
    Path folder = Path.of(run);
    List<MetricsLog.Event> events = MetricsLog.read(folder.resolve(MetricsLog.FILE));
    console.print("");
    console.print(
        TerminalChart.draw(
            Curve.loss(events),
            Math.min(ProgressLine.columns(), ProgressLine.USUAL_COLUMNS),
            CHART_ROWS,
            TerminalChart.Characters.suiting(System.getenv(), StandardCharsets.UTF_8)));
  }
}
