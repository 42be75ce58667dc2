package dev.lungo.bench;

import java.io.IOException;
import java.util.List;
import java.util.OptionalDouble;

/// Somebody who trains a model within a time budget, a slice at a time, so that several can take
/// turns on one machine.
interface SpeedrunContestant extends AutoCloseable {
  /// A measurement on held-out text.
  ///
  /// @param seconds of training before it; evaluations are not counted
  record Point(double seconds, long steps, double bitsPerByte) {}

  String name();

  /// Says whether the budget is spent.
  boolean isDone();

  /// Trains for about `seconds`, or to the end of the budget, and then measures.
  void slice(double seconds) throws IOException;

  /// Returns the measurements so far.
  List<Point> points();

  /// Returns the last measurement: the result, once the budget is spent.
  default Point last() {
    return points().getLast();
  }

  /// Returns the training time at which `target` was reached first, on a straight line between
  /// measurements.
  static OptionalDouble secondsTo(double target, List<Point> points) {
    for (int i = 0; i < points.size(); i++) {
      Point point = points.get(i);
      if (point.bitsPerByte() <= target) {
        if (i == 0) {
          return OptionalDouble.of(point.seconds());
        }
        Point before = points.get(i - 1);
        double part =
            (before.bitsPerByte() - target) / (before.bitsPerByte() - point.bitsPerByte());
        return OptionalDouble.of(before.seconds() + part * (point.seconds() - before.seconds()));
      }
    }
    return OptionalDouble.empty();
  }

  @Override
  void close() throws IOException;
}
