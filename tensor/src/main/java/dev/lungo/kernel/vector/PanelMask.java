package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// What lies over the scores of one panel, queries across the lanes and some keys down: hidden keys
/// and biases. Belongs to one thread.
final class PanelMask {
  private static final int ALL = (int) ((1L << COLUMNS) - 1);

  private final int[] keys;
  private final int[] lanes;
  private final int[] runFrom = new int[COLUMNS];
  private final int[] runTo = new int[COLUMNS];
  private int count;
  private boolean partial;

  /// Reserves room for so many keys.
  PanelMask(int most) {
    keys = new int[most];
    lanes = new int[most];
  }

  /// Takes keys that follow each other.
  void run(int first, int some) {
    count = some;
    for (int i = 0; i < some; i++) {
      keys[i] = first + i;
    }
  }

  /// Takes keys that were picked.
  void picked(GatheredKeys gathered, int at, int some) {
    count = some;
    for (int i = 0; i < some; i++) {
      keys[i] = gathered.key(at + i);
    }
  }

  /// Finds out which of the panel's queries see which of the keys; returns whether any does.
  ///
  /// @param position of the panel's first query, of `queries` real ones
  boolean look(AttentionPattern pattern, int position, int queries) {
    for (int lane = 0; lane < queries; lane++) {
      runFrom[lane] = pattern.nearFrom(position + lane);
      runTo[lane] = pattern.nearTo(position + lane);
    }
    int all = bits(0, queries);
    int first = 0;
    int end = 0;
    boolean any = false;
    partial = false;
    for (int i = 0; i < count; i++) {
      int key = keys[i];
      // Keys ascend and runs move forwards, so that the lanes whose runs hold a key do, too.
      while (first < queries && runTo[first] <= key) {
        first++;
      }
      while (end < queries && runFrom[end] <= key) {
        end++;
      }
      int seen = bits(first, end);
      if (seen != all) {
        seen |= pattern.farQueries(position, queries, key);
      }
      any |= seen != 0;
      partial |= seen != all;
      lanes[i] = seen == all ? ALL : seen;
    }
    return any;
  }

  private static int bits(int from, int to) {
    return from >= to ? 0 : (int) ((1L << to) - (1L << from));
  }

  /// Sets the scores of keys that their query does not see to -∞.
  void hide(float[] scores) {
    if (!partial) {
      return;
    }
    for (int i = 0; i < count; i++) {
      int seen = lanes[i];
      if (seen == 0) {
        Arrays.fill(scores, i * COLUMNS, (i + 1) * COLUMNS, Float.NEGATIVE_INFINITY);
      } else if (seen != ALL) {
        for (int lane = 0; lane < COLUMNS; lane++) {
          if ((seen >>> lane & 1) == 0) {
            scores[i * COLUMNS + lane] = Float.NEGATIVE_INFINITY;
          }
        }
      }
    }
  }

  /// Adds the bias of distances, divided by `divisor`, to the scores of the first `some` keys.
  ///
  /// @param position of the panel's first query
  void addBias(
      AttentionShape shape, int head, int position, int some, float divisor, float[] scores) {
    float slope = (float) (-Alibi.slope(head, shape.heads()) / divisor);
    for (int half = 0; half < COLUMNS; half += LANES) {
      FloatVector positions = FloatVector.zero(SPECIES).addIndex(1).add(half + position);
      FloatVector slopes = FloatVector.broadcast(SPECIES, slope);
      for (int i = 0; i < some; i++) {
        int at = i * COLUMNS + half;
        positions
            .sub(keys[i])
            .abs()
            .fma(slopes, FloatVector.fromArray(SPECIES, scores, at))
            .intoArray(scores, at);
      }
    }
  }
}
