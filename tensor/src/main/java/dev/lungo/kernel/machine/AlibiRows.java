package dev.lungo.kernel.machine;

import dev.lungo.kernel.Alibi;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What [TileScores] reads: for each lane of a panel, how steeply its scores fall with the distance
/// from its query to a key, and the distance to the first key that it meets. Belongs to one thread.
final class AlibiRows {
  // Rows: the factors of distances, the distances to the first key of a block, and room for those
  // to the first key of the next tile.
  static final int SLOPES = 0;
  static final int FIRST = 1;
  static final int NEXT = 2;

  private static final int ROWS = 3;

  private final int lanes;
  private final MemorySegment memory;
  private float[] slopes = new float[0];

  /// @param lanes of a row
  AlibiRows(int lanes) {
    this.lanes = lanes;
    memory = Arena.ofAuto().allocate((long) ROWS * lanes * Float.BYTES, 64);
  }

  long address() {
    return memory.address();
  }

  /// Returns the factor of distances for one head, for scores of base 2.
  static float slope(int head, int heads) {
    return (float) (-Alibi.slope(head, heads) / Math.log(2));
  }

  /// Takes queries of one head that follow each other, one a lane.
  ///
  /// @param position of the first
  /// @param key the first that they meet
  void setQueries(AttentionShape shape, int head, int position, int key) {
    prepare(shape.heads());
    for (int lane = 0; lane < lanes; lane++) {
      set(lane, slopes[head], position + lane - key);
    }
  }

  /// Takes heads of one query that follow each other, one a lane.
  ///
  /// @param first of the heads, of which there are `count`; other lanes have none
  /// @param position of the query
  void setHeads(AttentionShape shape, int first, int count, int position, int key) {
    prepare(shape.heads());
    for (int lane = 0; lane < lanes; lane++) {
      set(lane, lane < count ? slopes[first + lane] : 0, position - key);
    }
  }

  private void prepare(int heads) {
    if (slopes.length != heads) {
      slopes = new float[heads];
      for (int head = 0; head < heads; head++) {
        slopes[head] = slope(head, heads);
      }
    }
  }

  private void set(int lane, float slope, int distance) {
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, SLOPES * lanes + lane, slope);
    memory.setAtIndex(ValueLayout.JAVA_FLOAT, FIRST * lanes + lane, distance);
  }
}
