package dev.lungo.kernel.machine;

import dev.lungo.kernel.AttentionShape;

/// How heads that share keys and values make panels, one a lane, for AVX2: for each head of keys,
/// as many panels as the heads that share it need. Up to eight heads fill one vector of a row, more
/// two.
final class HeadPanels {
  static final VectorUnit UNIT = VectorUnit.AVX2;

  /// The most keys of a block, and with several heads of keys about as many bytes as all of them
  /// have: with their values, and what is fetched ahead, they stay in near caches.
  static final int MOST_KEYS = 126;

  private static final int BLOCK_BYTES = 16 << 10;
  private static final int FEWEST_KEYS = 8;

  /// About as many keys as a stretch has, for rows of one vector and of two.
  private static final int[] STRETCH = {1024, 4096};

  private final int headDim;
  private final int group;
  private final int kvHeads;
  private final int vectors;
  private final int lanes;
  private final int ofAHead;
  private final int tileRows;
  private final int block;

  HeadPanels(AttentionShape shape) {
    headDim = shape.headDim();
    group = shape.group();
    kvHeads = shape.kvHeads();
    vectors = group <= UNIT.lanes() ? 1 : 2;
    lanes = vectors * UNIT.lanes();
    ofAHead = (group - 1) / lanes + 1;
    tileRows = UNIT.tileRows();
    // Where tiles have few rows, starting them often costs more than caches do.
    int keys = vectors == 2 && kvHeads == 1 ? MOST_KEYS : vectors * BLOCK_BYTES / keyBytes();
    block = Math.clamp(keys, FEWEST_KEYS + tileRows - 1, MOST_KEYS) / tileRows * tileRows;
  }

  /// Returns the bytes of a key of all heads, which are those from one key to the next.
  int keyBytes() {
    return kvHeads * headBytes();
  }

  int headBytes() {
    return headDim * Float.BYTES;
  }

  int headDim() {
    return headDim;
  }

  /// Returns the vectors of a panel's row.
  int vectors() {
    return vectors;
  }

  int lanes() {
    return lanes;
  }

  int rowBytes() {
    return lanes * Float.BYTES;
  }

  /// Returns how many keys meet a panel at once.
  int tileRows() {
    return tileRows;
  }

  /// Returns the keys of a block, an even number of whole tiles.
  int block() {
    return block;
  }

  /// Returns the keys of a stretch ([dev.lungo.kernel.AttentionStretches]), a number of blocks.
  int stretch() {
    return STRETCH[vectors - 1] / block * block;
  }

  int count() {
    return kvHeads * ofAHead;
  }

  /// Returns which head of keys the panel's heads share.
  int kvHead(int panel) {
    return panel / ofAHead;
  }

  /// Returns the first of the panel's heads, of those that share the keys.
  int firstHead(int panel) {
    return panel % ofAHead * lanes;
  }

  /// Returns how many lanes have a head.
  int heads(int panel) {
    return Math.min(lanes, group - firstHead(panel));
  }
}
