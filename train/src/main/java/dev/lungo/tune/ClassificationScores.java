package dev.lungo.tune;

import java.util.ArrayList;
import java.util.List;

/// How good a classifier's answers are, and how well it knows it.
///
/// @param texts that were measured
/// @param accuracy the share whose likeliest label is right
/// @param macroF1 the mean of F1 over the labels that occur, among texts or answers
/// @param loss the mean of -ln p(right label)
/// @param expectedCalibrationError Σ (share of a bin) · |accuracy - confidence|, over
///   [#reliability] (Guo et al. 2017, arXiv:1706.04599)
/// @param labels each label's scores
/// @param confusion how many texts of label i (row) were given label j (column)
/// @param reliability answers by their confidence, in ten bins of equal width
public record ClassificationScores(
    int texts,
    double accuracy,
    double macroF1,
    double loss,
    double expectedCalibrationError,
    List<OfLabel> labels,
    List<List<Integer>> confusion,
    List<Bin> reliability) {
  private static final int BINS = 10;

  /// One label's scores.
  ///
  /// @param texts that have the label
  /// @param precision the share of its answers that are right; 0 if there are none
  /// @param recall the share of its texts that were found; 0 if there are none
  /// @param f1 their harmonic mean
  public record OfLabel(String label, int texts, double precision, double recall, double f1) {}

  /// The answers whose confidence, the probability of the likeliest label, is in one interval.
  ///
  /// @param from exclusive (0 for the first), `to` inclusive
  /// @param confidence their mean; NaN becomes 0 where there are none
  public record Bin(double from, double to, int texts, double confidence, double accuracy) {}

  /// Compares probabilities with the right classes.
  ///
  /// @param classes the right label of each text, an index
  /// @param probabilities of every label, for each text
  public static ClassificationScores of(
      List<String> labels, int[] classes, float[][] probabilities) {
    if (classes.length == 0 || classes.length != probabilities.length) {
      throw new IllegalArgumentException(
          "scores need a text and as many answers as texts, but there are "
              + classes.length
              + " texts and "
              + probabilities.length
              + " answers");
    }
    int[][] confusion = new int[labels.size()][labels.size()];
    int[] inBin = new int[BINS];
    int[] rightInBin = new int[BINS];
    double[] confidenceInBin = new double[BINS];
    double loss = 0;
    for (int i = 0; i < classes.length; i++) {
      float[] row = probabilities[i];
      int best = 0;
      for (int k = 1; k < row.length; k++) {
        best = row[k] > row[best] ? k : best;
      }
      confusion[classes[i]][best]++;
      loss -= Math.log(Math.max(row[classes[i]], Float.MIN_NORMAL));
      int bin = Math.clamp((int) Math.ceil(row[best] * BINS) - 1, 0, BINS - 1);
      inBin[bin]++;
      confidenceInBin[bin] += row[best];
      rightInBin[bin] += best == classes[i] ? 1 : 0;
    }
    List<Bin> bins = new ArrayList<>();
    double calibrationError = 0;
    for (int b = 0; b < BINS; b++) {
      double count = Math.max(1, inBin[b]);
      double confidence = confidenceInBin[b] / count;
      double accuracy = rightInBin[b] / count;
      bins.add(new Bin((double) b / BINS, (b + 1.0) / BINS, inBin[b], confidence, accuracy));
      calibrationError += inBin[b] * Math.abs(accuracy - confidence) / classes.length;
    }
    return new ClassificationScores(
        classes.length,
        (double) right(confusion) / classes.length,
        macroF1(confusion),
        loss / classes.length,
        calibrationError,
        ofLabels(labels, confusion),
        lists(confusion),
        List.copyOf(bins));
  }

  private static int right(int[][] confusion) {
    int right = 0;
    for (int k = 0; k < confusion.length; k++) {
      right += confusion[k][k];
    }
    return right;
  }

  private static int row(int[][] confusion, int k) {
    int sum = 0;
    for (int count : confusion[k]) {
      sum += count;
    }
    return sum;
  }

  private static int column(int[][] confusion, int k) {
    int sum = 0;
    for (int[] counts : confusion) {
      sum += counts[k];
    }
    return sum;
  }

  /// F1 = 2·right / (texts + answers), which equals 2PR / (P + R).
  private static double f1(int[][] confusion, int k) {
    int both = row(confusion, k) + column(confusion, k);
    return both == 0 ? 0 : 2.0 * confusion[k][k] / both;
  }

  private static double macroF1(int[][] confusion) {
    double sum = 0;
    int count = 0;
    for (int k = 0; k < confusion.length; k++) {
      if (row(confusion, k) + column(confusion, k) > 0) {
        sum += f1(confusion, k);
        count++;
      }
    }
    return sum / count;
  }

  private static List<OfLabel> ofLabels(List<String> labels, int[][] confusion) {
    List<OfLabel> scores = new ArrayList<>();
    for (int k = 0; k < confusion.length; k++) {
      int texts = row(confusion, k);
      int answers = column(confusion, k);
      scores.add(
          new OfLabel(
              labels.get(k),
              texts,
              answers == 0 ? 0 : (double) confusion[k][k] / answers,
              texts == 0 ? 0 : (double) confusion[k][k] / texts,
              f1(confusion, k)));
    }
    return List.copyOf(scores);
  }

  private static List<List<Integer>> lists(int[][] rows) {
    List<List<Integer>> lists = new ArrayList<>();
    for (int[] row : rows) {
      List<Integer> list = new ArrayList<>();
      for (int count : row) {
        list.add(count);
      }
      lists.add(List.copyOf(list));
    }
    return List.copyOf(lists);
  }
}
