package dev.lungo.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Measures several contestants in turns, so that what else the machine does falls on all of them
/// alike.
final class Rounds {
  private Rounds() {}

  /// One measurement: a rate, a duration or a size.
  @FunctionalInterface
  interface Measurement {
    double once() throws Exception;
  }

  /// Takes `rounds` measurements of each contestant and returns their medians, in the order of the
  /// contestants.
  ///
  /// One round that does not count comes first. The order turns around from round to round, so that
  /// nobody always runs after the same neighbour.
  static double[] medians(int rounds, List<Measurement> contestants) throws Exception {
    List<double[]> values = new ArrayList<>();
    for (Measurement contestant : contestants) {
      contestant.once();
      values.add(new double[rounds]);
    }
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < contestants.size(); i++) {
        int turn = round % 2 == 0 ? i : contestants.size() - 1 - i;
        values.get(turn)[round] = contestants.get(turn).once();
      }
    }
    double[] medians = new double[contestants.size()];
    for (int i = 0; i < medians.length; i++) {
      medians[i] = median(values.get(i));
    }
    return medians;
  }

  /// Returns the middle value, or the mean of the two in the middle.
  static double median(double[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("there is no median of no values");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  static double geometricMean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += Math.log(value);
    }
    return Math.exp(sum / values.length);
  }
}
