package dev.lungo.generate;

/// Gives ids in the order of falling scores, equal ones by rising id, without sorting those that
/// nobody asks for.
final class CandidateHeap {
  private final float[] scores;
  private final int[] ids;
  private int size;

  CandidateHeap(float[] scores) {
    this.scores = scores;
    this.ids = new int[scores.length];
  }

  /// Takes ids in, by the scores as they are now.
  void fill(int[] some, int count) {
    size = count;
    System.arraycopy(some, 0, ids, 0, count);
    for (int at = size / 2 - 1; at >= 0; at--) {
      sink(at);
    }
  }

  /// Takes the best id out.
  int pop() {
    int best = ids[0];
    ids[0] = ids[--size];
    sink(0);
    return best;
  }

  private void sink(int from) {
    int id = ids[from];
    int at = from;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && before(ids[child + 1], ids[child])) {
        child++;
      }
      if (!before(ids[child], id)) {
        break;
      }
      ids[at] = ids[child];
      at = child;
    }
    ids[at] = id;
  }

  private boolean before(int a, int b) {
    return scores[a] > scores[b] || scores[a] == scores[b] && a < b;
  }
}
