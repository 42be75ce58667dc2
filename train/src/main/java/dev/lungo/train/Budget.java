package dev.lungo.train;

import dev.lungo.optim.Schedule;
import java.util.OptionalLong;

/// How long a run lasts, and the learning-rate schedule that fits it.
///
/// A run bounded by time does not know its steps in advance. Its rate is constant until the decay
/// begins; at that moment the steps taken so far tell how many will fit the rest, and from then on
/// the run is bounded by steps.
public final class Budget {
  private final double seconds;
  private final long warmup;
  private final double decayShare;
  private final Schedule.Decay decay;
  private OptionalLong total;

  /// @param seconds of training, used while `total` is empty
  /// @param total steps, where they are known
  /// @param warmup steps in which the rate rises
  /// @param decayShare the share of the run in which the rate falls
  public Budget(
      double seconds, OptionalLong total, long warmup, double decayShare, Schedule.Decay decay) {
    if (total.isEmpty() && !(seconds > 0)) {
      throw new IllegalArgumentException(
          "the time to train must be above 0, but is " + seconds + " s");
    }
    if (total.isPresent() && total.getAsLong() < 1) {
      throw new IllegalArgumentException(
          "the steps to train must be at least 1, but are " + total.getAsLong());
    }
    if (!(decayShare > 0 && decayShare <= 1)) {
      throw new IllegalArgumentException(
          "the share of decay must be in (0, 1], but is " + decayShare);
    }
    this.seconds = seconds;
    this.total = total;
    this.warmup = warmup;
    this.decayShare = decayShare;
    this.decay = decay;
  }

  /// Returns the steps of the whole run, once they are known.
  public OptionalLong total() {
    return total;
  }

  /// Fixes the total when a run bounded by time reaches its decay.
  ///
  /// @param step steps taken
  /// @param elapsedSeconds time they took
  public void advance(long step, double elapsedSeconds) {
    if (total.isEmpty() && elapsedSeconds >= seconds * (1 - decayShare)) {
      double stepsPerSecond = step / elapsedSeconds;
      long rest = Math.round((seconds - elapsedSeconds) * stepsPerSecond);
      total = OptionalLong.of(step + Math.max(1, rest));
    }
  }

  /// Says whether a run that took `step` steps is over.
  public boolean isSpent(long step) {
    return total.isPresent() && step >= total.getAsLong();
  }

  /// Returns the factor of the learning rate for a step, from 1.
  public double rateFactor(long step) {
    if (total.isEmpty()) {
      return step <= warmup ? (double) step / (warmup + 1) : 1;
    }
    long steps = total.getAsLong();
    long decaySteps = Math.max(1, Math.round(steps * decayShare));
    return new Schedule(warmup, steps - decaySteps, steps, 0, decay).factor(step);
  }

  /// Returns how much of the run is done, from 0 to 1.
  public double fraction(long step, double elapsedSeconds) {
    double done = total.isPresent() ? (double) step / total.getAsLong() : elapsedSeconds / seconds;
    return Math.min(1, done);
  }

  /// Estimates the time until the end.
  public double remainingSeconds(long step, double elapsedSeconds) {
    if (total.isPresent()) {
      return step == 0 ? seconds : elapsedSeconds / step * Math.max(0, total.getAsLong() - step);
    }
    return Math.max(0, seconds - elapsedSeconds);
  }
}
