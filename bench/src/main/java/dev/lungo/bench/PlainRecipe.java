package dev.lungo.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The recipe to beat: the libtorch step of the training benchmark with AdamW's defaults, a warm-up
/// over 2 % of the time and a cosine to 0 over the rest.
final class PlainRecipe implements SpeedrunContestant {
  private static final double WARMUP = 0.02;

  private final double rate;
  private final double budgetSeconds;
  private final HeldOut heldOut;
  private final Child child;
  private final List<Point> points = new ArrayList<>();
  private double trainedSeconds;
  private int steps;

  /// Held-out batches.
  ///
  /// @param bytes of text that the targets stand for
  record HeldOut(Path file, long tokens, long bytes) {
    double bitsPerByte(double meanNats) {
      return meanNats * tokens / (Math.log(2) * bytes);
    }
  }

  PlainRecipe(
      TrainingCase sizes,
      int threads,
      double rate,
      double budgetSeconds,
      Path weights,
      Path batches,
      HeldOut heldOut)
      throws IOException {
    this.rate = rate;
    this.budgetSeconds = budgetSeconds;
    this.heldOut = heldOut;
    child = LibtorchTraining.start(threads);
    child.ask("model " + threads + " " + sizes.words());
    child.ask("weights " + weights);
    child.ask("batches " + batches);
    child.ask("adamw " + rate);
  }

  @Override
  public String name() {
    return String.format(Locale.ROOT, "%s, AdamW %.0e, cosine", LibtorchTraining.NAME, rate);
  }

  @Override
  public boolean isDone() {
    return trainedSeconds >= budgetSeconds;
  }

  @Override
  public void slice(double seconds) throws IOException {
    double end = trainedSeconds + seconds;
    while (trainedSeconds < end && !isDone()) {
      child.ask("rate " + rate * factor(trainedSeconds / budgetSeconds));
      trainedSeconds += Double.parseDouble(child.ask("steps " + steps + " 1")[0]);
      steps++;
    }
    double nats = Double.parseDouble(child.ask("evaluate " + heldOut.file())[0]);
    points.add(new Point(trainedSeconds, steps, heldOut.bitsPerByte(nats)));
  }

  /// Returns the learning rate's factor when `done` of the budget is spent.
  static double factor(double done) {
    return done < WARMUP
        ? Math.max(0.01, done / WARMUP)
        : (1 + Math.cos(Math.PI * (done - WARMUP) / (1 - WARMUP))) / 2;
  }

  @Override
  public List<Point> points() {
    return points;
  }

  @Override
  public void close() throws IOException {
    child.close();
  }
}
