package dev.lungo.cli;

import dev.lungo.train.RunReport;
import dev.lungo.tune.ClassificationRun;
import dev.lungo.tune.ClassificationScores;
import dev.lungo.tune.CorpusTuning;
import dev.lungo.tune.TuneListener;
import java.util.List;
import java.util.Locale;

/// Shows fine-tuning in the terminal: a progress bar, and what came of it.
final class TuneScreen implements TuneListener {
  private final Console console;
  private final ProgressLine line = ProgressLine.onStandardError();

  TuneScreen(Console console) {
    this.console = console;
  }

  @Override
  public void phase(String name, String text) {
    line.message(String.format(Locale.ROOT, "%-14s %s", name, text));
  }

  @Override
  public void progressed(Progress progress) {
    if (progress.done() == progress.total()) {
      line.show(new Status(progress));
    } else {
      line.update(new Status(progress));
    }
  }

  private record Status(Progress progress) implements ProgressLine.Status {
    @Override
    public double fraction() {
      return (double) progress.done() / Math.max(1, progress.total());
    }

    @Override
    public List<String> texts() {
      String share = String.format(Locale.ROOT, "%3.0f%%", 100 * fraction());
      String loss =
          Double.isNaN(progress.loss())
              ? ""
              : String.format(Locale.ROOT, "  loss %.3f", progress.loss());
      String rest = "  " + ProgressLine.duration(progress.remainingSeconds()) + " left";
      return List.of(
          String.format(
              Locale.ROOT,
              "%s  %s %d/%d%s  %.1f %s/s%s",
              share,
              progress.name(),
              progress.done(),
              progress.total(),
              loss,
              progress.perSecond(),
              progress.unit(),
              rest),
          share + "  " + progress.name() + loss + rest,
          share + rest);
    }
  }

  /// Prints what a classifier is worth, and what to do with it.
  void summary(ClassificationRun.Outcome outcome) {
    line.close();
    ClassificationScores scores = outcome.scores();
    ClassificationScores baseline = outcome.baseline();
    console.print("");
    scores(console, scores);
    console.print("");
    console.print(
        String.format(
            Locale.ROOT,
            "%-26s %12s %16s %20s",
            outcome.heldOutTexts() + " texts held out",
            "this model",
            "counting bytes",
            "most frequent label"));
    console.print(
        String.format(
            Locale.ROOT,
            "%-26s %12.4f %16.4f %20.4f",
            "accuracy",
            scores.accuracy(),
            baseline.accuracy(),
            outcome.majorityAccuracy()));
    compare("macro F1", scores.macroF1(), baseline.macroF1());
    compare("loss, nats", scores.loss(), baseline.loss());
    compare(
        "expected calibration error",
        scores.expectedCalibrationError(),
        baseline.expectedCalibrationError());
    console.print("");
    console.print(
        String.format(
            Locale.ROOT,
            "%s: %,d of %,d parameters learned from %,d texts in %s",
            outcome.method(),
            outcome.trainedParameters(),
            outcome.parameters(),
            outcome.texts(),
            ProgressLine.duration(outcome.seconds())));
    console.print("The classifier and " + RunReport.FILE + " are in " + outcome.run() + ". Next:");
    for (String command : ClassificationRun.nextCommands(outcome.run())) {
      console.print("  " + command);
    }
  }

  /// Prints what going on with other text came to.
  void summary(CorpusTuning.Outcome outcome) {
    line.close();
    console.print("");
    console.print(
        String.format(
            Locale.ROOT,
            "%s: %,d of %,d parameters learned from %,d tokens in %s: held-out %.4f bits per byte,"
                + " %.4f before",
            outcome.method(),
            outcome.trainedParameters(),
            outcome.parameters(),
            outcome.tokens(),
            ProgressLine.duration(outcome.seconds()),
            outcome.bitsPerByte(),
            outcome.bitsPerByteBefore()));
    console.print("The model and " + RunReport.FILE + " are in " + outcome.model() + ". Next:");
    for (String command : CorpusTuning.nextCommands(outcome.model())) {
      console.print("  " + command);
    }
  }

  private void compare(String name, double ours, double baseline) {
    console.print(String.format(Locale.ROOT, "%-26s %12.4f %16.4f", name, ours, baseline));
  }

  /// Prints each label's scores, what it is taken for, and the reliability of confidence.
  static void scores(Console console, ClassificationScores scores) {
    int width = 5;
    for (ClassificationScores.OfLabel label : scores.labels()) {
      width = Math.max(width, label.label().length());
    }
    String format = "%-" + width + "s %6s %10s %8s %8s  %s";
    console.print(
        String.format(
            Locale.ROOT, format, "label", "texts", "precision", "recall", "F1", "taken most for"));
    for (int k = 0; k < scores.labels().size(); k++) {
      ClassificationScores.OfLabel label = scores.labels().get(k);
      console.print(
          String.format(
              Locale.ROOT,
              format,
              label.label(),
              label.texts(),
              number(label.precision()),
              number(label.recall()),
              number(label.f1()),
              mistakenFor(scores, k)));
    }
    console.print("");
    console.print("confidence   texts   mean confidence   accuracy");
    for (ClassificationScores.Bin bin : scores.reliability()) {
      if (bin.texts() > 0) {
        console.print(
            String.format(
                Locale.ROOT,
                "%.1f to %.1f   %5d %17.4f %10.4f  %s",
                bin.from(),
                bin.to(),
                bin.texts(),
                bin.confidence(),
                bin.accuracy(),
                "█".repeat((int) Math.round(20 * bin.accuracy()))));
      }
    }
  }

  private static String mistakenFor(ClassificationScores scores, int label) {
    List<Integer> row = scores.confusion().get(label);
    int most = -1;
    for (int k = 0; k < row.size(); k++) {
      if (k != label && row.get(k) > 0 && (most < 0 || row.get(k) > row.get(most))) {
        most = k;
      }
    }
    return most < 0 ? "" : scores.labels().get(most).label() + " (" + row.get(most) + ")";
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
