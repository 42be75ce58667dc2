package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A block of keys and values of one head, copied to where their rows follow each other, and which
/// lanes of a panel of queries see them. Belongs to one thread.
final class KeyBlock {
  /// The most keys of a block.
  static final int KEYS = 96;

  private static final int LINE = 64;

  private final AlignedMemory memory = new AlignedMemory();
  private final PanelMoves moves;
  private final int columns;
  private final int tileRows;
  private MemorySegment own = MemorySegment.NULL;
  private int headDim;
  private int key;
  private int some;
  private int rows;
  private boolean masked;
  private long nextKeys;
  private long nextValues;
  private long stride;

  KeyBlock(VectorUnit unit) {
    moves = new PanelMoves(unit);
    columns = unit.columns();
    tileRows = unit.tileRows();
  }

  /// Takes the `count` keys from `first` on.
  ///
  /// @param k address of all keys; `v` likewise
  void copy(AttentionShape shape, int batch, int kvHead, int first, int count, long k, long v) {
    headDim = shape.headDim();
    key = first;
    some = count;
    own = memory.atLeast(2 * length() + (long) KEYS * Long.BYTES);
    stride = (long) shape.kvHeads() * headDim * Float.BYTES;
    long from = offset(shape, batch, kvHead, first);
    nextKeys = k + from + KEYS * stride;
    nextValues = v + from + KEYS * stride;
    moves.copy(k + from, stride, keys(), count, headDim);
    moves.copy(v + from, stride, values(), count, headDim);
    // Whole groups of rows are multiplied: what is not there must be numbers.
    long row = (long) headDim * Float.BYTES;
    long missing = (rounded(count) - count) * row;
    own.asSlice(count * row, missing).fill((byte) 0);
    own.asSlice(length() + count * row, missing).fill((byte) 0);
  }

  /// Returns where a key begins, in bytes from the first.
  static long offset(AttentionShape shape, int batch, int kvHead, int key) {
    long row = ((long) batch * shape.keyCapacity() + key) * shape.kvHeads() + kvHead;
    return row * shape.headDim() * Float.BYTES;
  }

  /// Returns a line of the first key or value after the block, another for each panel: to be
  /// fetched while panels meet this block. In the rows after it, it is [#stride] further on.
  long nextLine(int panel) {
    int lines = headDim * Float.BYTES / LINE;
    long rows = panel / lines % 2 == 0 ? nextKeys : nextValues;
    return rows + (long) (panel % lines) * LINE;
  }

  /// Returns the bytes from one key to the next, where they are stored.
  long stride() {
    return stride;
  }

  private long length() {
    return (long) KEYS * headDim * Float.BYTES;
  }

  long keys() {
    return own.address();
  }

  long values() {
    return own.address() + length();
  }

  private int rounded(int rows) {
    return (rows + tileRows - 1) / tileRows * tileRows;
  }

  /// Returns how many rows a panel meets, a multiple of a tile's; none if its queries see no key.
  ///
  /// @param position of the first query; one a lane follows
  int rows(AttentionShape shape, int position) {
    int seen = seen(shape, position);
    return seen == 0 || hidden(shape, position) == some ? 0 : rounded(seen);
  }

  private int seen(AttentionShape shape, int position) {
    return shape.pattern().causal() ? Math.clamp((long) position + columns - key, 0, some) : some;
  }

  private int hidden(AttentionShape shape, int position) {
    return shape.pattern() instanceof AttentionPattern.Window window
        ? Math.clamp((long) window.nearFrom(position) - key, -columns, some)
        : -columns;
  }

  /// Looks which of the keys a panel's queries see, and says whether they see any.
  ///
  /// @param position of the first query; one a lane follows
  boolean meets(AttentionShape shape, int position) {
    boolean causal = shape.pattern().causal();
    int seen = seen(shape, position);
    int hidden = hidden(shape, position);
    rows = rows(shape, position);
    if (rows == 0) {
      return false;
    }
    masked = rows > seen || causal && key + rows - 1 > position || hidden + columns - 1 > 0;
    if (masked) {
      mask(causal ? position - key : rows, hidden, seen);
    }
    return true;
  }

  /// Returns how many rows the panel that was looked for last meets, a multiple of
  /// [VectorUnit#tileRows].
  int rows() {
    return rows;
  }

  /// Returns how many of them not all lanes see, from the first on: all or none.
  int maskedRows() {
    return masked ? rows : 0;
  }

  /// Returns where the lanes that do not see a row are: a long for each, the lanes of a vector in
  /// each half.
  long masks() {
    return own.address() + 2 * length();
  }

  /// @param last the row that the first lane sees last; each lane after it sees one more
  /// @param hidden how many rows the window hides from the first lane, and one more from each after
  ///   it
  private void mask(int last, int hidden, int seen) {
    int lanesOfAVector = columns / 2;
    long all = (1L << lanesOfAVector) - 1;
    for (int row = 0; row < rows; row++) {
      int future = row >= seen ? columns : Math.clamp(row - last, 0, columns);
      int past = Math.clamp((long) row - hidden + 1, 0, columns);
      long lanes = (1L << future) - 1 | -1L << past;
      own.set(
          ValueLayout.JAVA_LONG,
          2 * length() + (long) row * Long.BYTES,
          lanes & all | (lanes >>> lanesOfAVector & all) << 32);
    }
  }
}
