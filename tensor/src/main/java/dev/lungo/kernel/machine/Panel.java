package dev.lungo.kernel.machine;

import dev.lungo.kernel.AttentionShape;

/// Queries of one head that follow each other, one a lane of two vectors.
///
/// @param count how many there are
/// @param columns how many there could be
record Panel(int head, int first, int count, int columns) {
  /// Returns how many panels the heads of a group have for `count` queries.
  static int count(AttentionShape shape, int count, int columns) {
    return shape.group() * perHead(count, columns);
  }

  private static int perHead(int count, int columns) {
    return (count - 1) / columns + 1;
  }

  /// Returns one of them, for the queries from `first` on.
  static Panel of(AttentionShape shape, int kvHead, int first, int count, int index, int columns) {
    int perHead = perHead(count, columns);
    int start = index % perHead * columns;
    int head = kvHead * shape.group() + index / perHead;
    return new Panel(head, first + start, Math.min(columns, count - start), columns);
  }

  boolean isWhole() {
    return count == columns;
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
