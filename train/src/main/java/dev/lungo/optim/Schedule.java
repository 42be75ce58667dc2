package dev.lungo.optim;

/// The learning rate's factor over a run: it rises for `warmup` steps, stays at 1 until
/// `decayStart`, and falls to `finalFactor` at `total`, in a straight line or along a cosine.
///
/// While the rate is constant it does not depend on the total, so that a run bounded by time can
/// fix the total when its decay begins (warm-up, stable, decay: Hu et al. 2024, arXiv:2404.06395).
public record Schedule(long warmup, long decayStart, long total, double finalFactor, Decay decay) {
  /// How the rate falls.
  public enum Decay {
    LINEAR,
    COSINE
  }

  public Schedule {
    if (warmup < 0
        || decayStart < 0
        || total < decayStart
        || !(finalFactor >= 0 && finalFactor <= 1)) {
      throw new IllegalArgumentException(
          "schedule: warmup "
              + warmup
              + " and decay start "
              + decayStart
              + " must not be negative, total "
              + total
              + " not before the decay, final factor "
              + finalFactor
              + " in [0, 1]");
    }
  }

  /// Returns the factor for one step.
  ///
  /// @param step from 1
  public double factor(long step) {
    double factor = 1;
    if (step <= warmup) {
      factor = (double) step / (warmup + 1);
    }
    if (step > decayStart) {
      double progress = Math.min(1, (double) (step - decayStart) / (total - decayStart + 1));
      double falling =
          switch (decay) {
            case LINEAR -> 1 - progress;
            case COSINE -> (1 + StrictMath.cos(Math.PI * progress)) / 2;
          };
      factor = Math.min(factor, finalFactor + (1 - finalFactor) * falling);
    }
    return factor;
  }
}
