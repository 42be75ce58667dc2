package dev.lungo.train;

import dev.lungo.corpus.TokenShard;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;

/// Cuts a token shard into windows and deals them out: in another random order each epoch to train,
/// evenly spaced to evaluate.
///
/// A window of T positions reads T + 1 tokens, the ids and, one later, the targets.
public final class ShardBatches {
  private ShardBatches() {}

  /// Returns the batches of training. Each epoch cuts the windows at another place.
  ///
  /// @throws IllegalArgumentException if the shard is shorter than one window
  public static BatchSource training(TokenShard shard, long seed) {
    return (index, ids, targets) -> {
      int length = ids.shape().width();
      long windows = Math.max(1, windows(shard, length) - 1);
      WindowOrder order = new WindowOrder(windows, seed);
      int rows = ids.shape().rows();
      long room = shard.size() - 1 - windows * length;
      int[] window = new int[length + 1];
      for (int row = 0; row < rows; row++) {
        long position = index * rows + row;
        long phase = Math.floorMod(RandomNumbers.mix(seed ^ position / windows), room + 1);
        copy(shard, order.window(position) * length + phase, window, row, ids, targets);
      }
    };
  }

  /// Returns how many whole batches of held-out windows there are, at most what `tokens` allows but
  /// at least one.
  public static long heldOutBatches(TokenShard shard, int batch, int length, long tokens) {
    long windows = Math.min(windows(shard, length), Math.max(batch, tokens / length));
    return Math.max(1, windows / batch);
  }

  /// Returns `batches` batches of windows spread evenly over the shard.
  public static BatchSource heldOut(TokenShard shard, long batches) {
    return (index, ids, targets) -> {
      int length = ids.shape().width();
      int rows = ids.shape().rows();
      long windows = windows(shard, length);
      int[] window = new int[length + 1];
      for (int row = 0; row < rows; row++) {
        long position = (index * rows + row) * windows / (batches * rows);
        copy(shard, position * length, window, row, ids, targets);
      }
    };
  }

  private static long windows(TokenShard shard, int length) {
    long windows = (shard.size() - 1) / length;
    if (windows < 1) {
      throw new IllegalArgumentException(
          "the text has "
              + shard.size()
              + " tokens, but one window of the context needs "
              + (length + 1)
              + "; give more text or a shorter --context");
    }
    return windows;
  }

  private static void copy(
      TokenShard shard, long from, int[] window, int row, Tensor ids, Tensor targets) {
    int length = window.length - 1;
    shard.copy(from, window, 0, length + 1);
    ids.setRow(row, window, 0);
    targets.setRow(row, window, 1);
  }
}
