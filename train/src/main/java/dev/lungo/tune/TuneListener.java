package dev.lungo.tune;

/// Sees fine-tuning from outside: the command line draws what it is told here.
public interface TuneListener {
  /// Something is known or done.
  ///
  /// @param name as `data` or `model`
  void phase(String name, String text);

  /// Work is going on.
  void progressed(Progress progress);

  /// How far a piece of work is.
  ///
  /// @param name what is being done
  /// @param unit what is counted, as `texts`
  /// @param loss smoothed, in nats; not a number where there is none
  record Progress(
      String name,
      String unit,
      long done,
      long total,
      double loss,
      double perSecond,
      double remainingSeconds) {
    static Progress of(
        String name, String unit, long done, long total, double loss, long startedNanos) {
      double seconds = Math.max(1e-9, (System.nanoTime() - startedNanos) / 1e9);
      double rate = done / seconds;
      return new Progress(
          name, unit, done, total, loss, rate, done == 0 ? Double.NaN : (total - done) / rate);
    }
  }
}
