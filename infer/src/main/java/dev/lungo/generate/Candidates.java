package dev.lungo.generate;

/// The ids that may come next, while filters narrow them down. Nothing is allocated after
/// construction.
final class Candidates {
  /// Below the largest by more than this, a weight is lost in the rounding of the sum.
  private static final double NEGLIGIBLE = -45;

  private final float[] scores;
  private final CandidateHeap heap;

  /// How untypical each id is, negative, so that the heap gives the most typical first.
  private final float[] typicality;

  private final CandidateHeap typicalHeap;
  private final int[] kept;
  private final double[] weights;
  private int count;
  private boolean sorted;
  private float most;
  private double total;

  /// @param scores the logits, which the owner fills before [#start]
  Candidates(float[] scores, boolean typical) {
    this.scores = scores;
    heap = new CandidateHeap(scores);
    typicality = new float[typical ? scores.length : 0];
    typicalHeap = new CandidateHeap(typicality);
    kept = new int[scores.length];
    weights = new double[scores.length];
  }

  /// Takes all ids in.
  ///
  /// @param largest the largest score
  void start(float largest) {
    most = largest;
    sorted = false;
    count = scores.length;
    for (int id = 0; id < count; id++) {
      kept[id] = id;
    }
  }

  int size() {
    return count;
  }

  int id(int index) {
    return kept[index];
  }

  /// Returns the share of a candidate in [#total], once weighed.
  double weight(int index) {
    return weights[index];
  }

  double total() {
    return total;
  }

  /// Keeps the likeliest, likeliest first, equal ones by rising id.
  void sort(int limit) {
    heap.fill(kept, count);
    count = Math.min(limit, count);
    for (int i = 0; i < count; i++) {
      kept[i] = heap.pop();
    }
    sorted = true;
  }

  /// Keeps the likeliest ids that together reach a share of what is left.
  void keepShare(double share) {
    double all = 0;
    for (int i = 0; i < count; i++) {
      all += weight(scores[kept[i]] - most);
    }
    if (!sorted) {
      heap.fill(kept, count);
    }
    double enough = share * all;
    double reached = 0;
    int left = 0;
    while (left < count && reached < enough) {
      if (!sorted) {
        kept[left] = heap.pop();
      }
      reached += weight(scores[kept[left++]] - most);
    }
    count = left;
    sorted = true;
  }

  /// Keeps the ids whose surprise -log p is nearest to the expected one, until they together reach
  /// a share of what is left.
  void keepTypical(double share) {
    double all = 0;
    double mean = 0;
    for (int i = 0; i < count; i++) {
      double difference = scores[kept[i]] - most;
      double weight = weight(difference);
      all += weight;
      mean += weight == 0 ? 0 : weight * difference;
    }
    mean /= all;
    // -log p - H = (log Σ - difference) - (log Σ - mean difference)
    for (int i = 0; i < count; i++) {
      typicality[kept[i]] = (float) -Math.abs(mean - (scores[kept[i]] - most));
    }
    typicalHeap.fill(kept, count);
    double enough = share * all;
    double reached = 0;
    int left = 0;
    float largest = Float.NEGATIVE_INFINITY;
    while (left < count && reached < enough) {
      int id = typicalHeap.pop();
      kept[left++] = id;
      reached += weight(scores[id] - most);
      largest = Math.max(largest, scores[id]);
    }
    count = left;
    most = largest;
    sorted = false;
  }

  /// Drops ids whose probability is less than a share of the likeliest one's. The likeliest itself
  /// always stays.
  void dropUnlikely(double share) {
    double least = most + StrictMath.log(share);
    int left = 0;
    for (int i = 0; i < count; i++) {
      if (scores[kept[i]] >= least) {
        kept[left++] = kept[i];
      }
    }
    count = left;
  }

  /// Gives each candidate its weight, exp(score / temperature) but for a common factor.
  void weigh(double temperature) {
    total = 0;
    for (int i = 0; i < count; i++) {
      weights[i] = weight((scores[kept[i]] - most) / temperature);
      total += weights[i];
    }
  }

  /// Drops candidates that weigh less, but not all.
  void dropBelow(double least) {
    int left = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= least || scores[kept[i]] == most) {
        weights[left] = weights[i];
        kept[left++] = kept[i];
      }
    }
    count = left;
  }

  /// Keeps the first candidates, so many.
  void keepFirst(int limit) {
    count = limit;
  }

  /// Chooses an index.
  ///
  /// @param share of the weights' sum, in [0, 1)
  int draw(double share) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weights[i];
    }
    double point = share * sum;
    int last = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        last = i;
        point -= weights[i];
        if (point < 0) {
          return last;
        }
      }
    }
    // Rounding may leave a crumb of the sum behind the last weight.
    return last;
  }

  /// Strict, so that every machine draws the same.
  private static double weight(double difference) {
    return difference < NEGLIGIBLE ? 0 : StrictMath.exp(difference);
  }
}
