package dev.lungo.kernel.machine;

import dev.lungo.kernel.AttentionShape;

/// Up to 32 queries of one head that follow each other, one a lane.
///
/// @param count of them are real
record Panel(int head, int first, int count) {
  static final int COLUMNS = ProductTile.COLUMNS;

  /// Returns how many panels the heads of a group have for `count` queries.
  static int count(AttentionShape shape, int count) {
    return shape.group() * perHead(count);
  }

  private static int perHead(int count) {
    return (count - 1) / COLUMNS + 1;
  }

  /// Returns one of them, for the queries from `first` on.
  static Panel of(AttentionShape shape, int kvHead, int first, int count, int index) {
    int start = index % perHead(count) * COLUMNS;
    int head = kvHead * shape.group() + index / perHead(count);
    return new Panel(head, first + start, Math.min(COLUMNS, count - start));
  }

  boolean isWhole() {
    return count == COLUMNS;
  }

  /// Returns where the first query begins, in bytes from that of the first sequence.
  long offset(AttentionShape shape, int batch) {
    long row = ((long) batch * shape.queries() + first) * shape.heads() + head;
    return row * shape.headDim() * Float.BYTES;
  }

  /// Returns the bytes between two queries.
  static long stride(AttentionShape shape) {
    return (long) shape.heads() * shape.headDim() * Float.BYTES;
  }

  /// Returns the index of the first query's log-sum-exp.
  long sum(AttentionShape shape, int batch) {
    return ((long) batch * shape.heads() + head) * shape.queries() + first;
  }
}
