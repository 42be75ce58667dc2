package dev.lungo.optim;

/// The learning rate of "Attention is all you need" (arXiv:1706.03762, section 5.3): width^-0.5 ·
/// min(step^-0.5, step · warmup^-1.5). It rises in a straight line for `warmup` steps and then
/// falls with the root of the steps; the run's length does not matter.
public record InverseRootSchedule(int width, long warmup) {
  public InverseRootSchedule {
    if (width < 1 || warmup < 1) {
      throw new IllegalArgumentException(
          "schedule: width " + width + " and warmup " + warmup + " must be at least 1");
    }
  }

  /// Returns the highest rate, which is reached at the end of the warm-up.
  public double peak() {
    return 1 / Math.sqrt((double) width * warmup);
  }

  /// Returns the rate of a step as a share of [#peak].
  ///
  /// @param step from 1
  public double factor(long step) {
    return Math.min((double) step / warmup, Math.sqrt((double) warmup / step));
  }
}
