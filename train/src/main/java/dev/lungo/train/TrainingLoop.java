package dev.lungo.train;

import java.io.IOException;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// The loop of a run: steps until the budget is spent, with evaluations and samples between, and a
/// guard against numbers that are none.
public final class TrainingLoop {
  /// After so many steps in a row without a finite loss and gradient there is no hope that the next
  /// one has them.
  static final int MOST_SKIPPED_IN_A_ROW = 5;

  /// How fast the loss that is shown follows the loss of each step.
  private static final double SMOOTHING = 0.1;

  /// What is going on after a step.
  ///
  /// @param loss of this step; `smoothedLoss` over about the last ten
  /// @param fraction of the run that is done
  public record Progress(
      long step,
      OptionalLong totalSteps,
      double fraction,
      double loss,
      double smoothedLoss,
      OptionalDouble valBitsPerByte,
      double gradientNorm,
      double rateFactor,
      double tokensPerSecond,
      double elapsedSeconds,
      double remainingSeconds) {}

  /// Sees what happens.
  public interface Listener {
    void stepped(Progress progress) throws IOException;

    void skipped(long step, double loss, double gradientNorm) throws IOException;

    void evaluated(Progress progress, Evaluation.Result result) throws IOException;

    /// Is asked after every step whether to draw a sample or save a checkpoint; `last` says that no
    /// step follows.
    void between(Progress progress, boolean last) throws IOException;
  }

  /// How a loop ended.
  public enum End {
    /// The budget is spent.
    FINISHED,
    /// It was told to stop early and can be resumed.
    STOPPED,
    /// Too many steps in a row had to be skipped.
    DIVERGED
  }

  private final TrainingStep trainingStep;
  private final BatchSource batches;
  private final Budget budget;
  private final Evaluation evaluation;
  private final long tokensPerStep;
  private final long evaluateEvery;
  private final OptionalLong stopAfter;
  private final Listener listener;
  private OptionalDouble valBitsPerByte = OptionalDouble.empty();

  /// @param evaluateEvery steps between evaluations; there is always one at the end
  /// @param stopAfter the step after which to stop early
  public TrainingLoop(
      TrainingStep trainingStep,
      BatchSource batches,
      Budget budget,
      Evaluation evaluation,
      long tokensPerStep,
      long evaluateEvery,
      OptionalLong stopAfter,
      Listener listener) {
    this.trainingStep = trainingStep;
    this.batches = batches;
    this.budget = budget;
    this.evaluation = evaluation;
    this.tokensPerStep = tokensPerStep;
    this.evaluateEvery = evaluateEvery;
    this.stopAfter = stopAfter;
    this.listener = listener;
  }

  /// Runs from the step after `from`.
  ///
  /// @param from steps taken before, in an earlier run
  /// @param secondsBefore time they took
  public End run(long from, double secondsBefore) throws IOException {
    long started = System.nanoTime();
    double smoothed = Double.NaN;
    int skipped = 0;
    long step = from;
    while (!budget.isSpent(step)) {
      step++;
      long stepStarted = System.nanoTime();
      double factor = budget.rateFactor(step);
      TrainingStep.Result result = trainingStep.run(step, batches, factor);
      double stepSeconds = (System.nanoTime() - stepStarted) / 1e9;
      double elapsed = secondsBefore + (System.nanoTime() - started) / 1e9;
      if (result.applied()) {
        skipped = 0;
        smoothed =
            Double.isNaN(smoothed)
                ? result.loss()
                : smoothed + SMOOTHING * (result.loss() - smoothed);
      } else {
        skipped++;
        listener.skipped(step, result.loss(), result.gradientNorm());
        if (skipped == MOST_SKIPPED_IN_A_ROW) {
          return End.DIVERGED;
        }
      }
      budget.advance(step, elapsed);
      boolean stopping = stopAfter.isPresent() && step >= stopAfter.getAsLong();
      boolean last = stopping || budget.isSpent(step);
      Progress progress = progress(step, result, smoothed, factor, stepSeconds, elapsed);
      listener.stepped(progress);
      if (last || step % evaluateEvery == 0) {
        Evaluation.Result held = evaluation.run();
        valBitsPerByte = OptionalDouble.of(held.bitsPerByte());
        listener.evaluated(progress(step, result, smoothed, factor, stepSeconds, elapsed), held);
      }
      listener.between(progress, last);
      if (stopping && !budget.isSpent(step)) {
        return End.STOPPED;
      }
    }
    return End.FINISHED;
  }

  private Progress progress(
      long step,
      TrainingStep.Result result,
      double smoothed,
      double factor,
      double stepSeconds,
      double elapsed) {
    return new Progress(
        step,
        budget.total(),
        budget.fraction(step, elapsed),
        result.loss(),
        smoothed,
        valBitsPerByte,
        result.gradientNorm(),
        factor,
        tokensPerStep / stepSeconds,
        elapsed,
        budget.remainingSeconds(step, elapsed));
  }
}
