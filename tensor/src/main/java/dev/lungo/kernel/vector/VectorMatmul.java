package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.DEPTH;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;

import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;

/// Matrix products by register tiles over packed panels (Goto and van de Geijn 2008, "Anatomy of high-performance matrix
/// multiplication").
///
/// All of b (or as many columns as [#PACKED_LIMIT] allows) is packed first, by all threads; then the blocks of c are
/// shared out, and each packs its own rows of a, [RegisterTile#DEPTH] deep at a time, small enough for the second-level
/// cache. A few rows times a matrix of weights, as in decoding, read the weights where they are ([RowDots]).
///
/// Every element of c is one sum per [RegisterTile#DEPTH] steps, added up in order: its bits depend on the depth alone.
public final class VectorMatmul implements MatmulKernels {
  /// Floats of b that are packed at once.
  private static final int PACKED_LIMIT = 1 << 22;

  /// Rows of a block of c: its a, DEPTH deep, takes a fifth of a second-level cache.
  private static final int BLOCK_ROWS = 96 / ROWS * ROWS;

  /// Blocks that a product is cut into, if it is large enough, so that no thread waits long for another.
  private static final int WANTED_BLOCKS = 12;

  /// Panels of b that one task packs.
  private static final int PANELS_PER_TASK = 4;

  private final Parallel parallel;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  public VectorMatmul(Parallel parallel) {
    this.parallel = parallel;
  }

  @Override
  public void multiply(
      Form form,
      int m,
      int n,
      int k,
      MemorySegment a,
      long aOffset,
      int aStride,
      MemorySegment b,
      long bOffset,
      int bStride,
      MemorySegment c,
      long cOffset,
      int cStride,
      boolean accumulate) {
    if (m < 1 || n < 1 || k < 1) {
      throw new IllegalArgumentException(
          "matmul: every size must be at least 1, but m " + m + ", n " + n + ", k " + k);
    }
    Stored left = new Stored(a, aOffset, aStride);
    Stored right = new Stored(b, bOffset, bStride);
    Stored result = new Stored(c, cOffset, cStride);
    if (form == Form.NT && m <= RowDots.MOST_ROWS) {
      RowDots.multiply(parallel, m, n, k, left, right, result, accumulate, scratch.get());
      return;
    }
    int panelsAtOnce = Math.max(1, PACKED_LIMIT / COLUMNS / k);
    int panels = (n - 1) / COLUMNS + 1;
    for (int first = 0; first < panels; first += panelsAtOnce) {
      int count = Math.min(panelsAtOnce, panels - first);
      float[] packed = scratch.get().packed(count * k * COLUMNS);
      pack(form, right, n, k, first, count, packed);
      blocks(form, m, n, k, left, packed, first, count, result, accumulate);
    }
  }

  private void pack(Form form, Stored b, int n, int k, int first, int count, float[] packed) {
    parallel.forRange(
        count,
        PANELS_PER_TASK,
        (from, to) -> {
          float[] line = scratch.get().line;
          for (int panel = from; panel < to; panel++) {
            int column = (first + panel) * COLUMNS;
            int columns = Math.min(COLUMNS, n - column);
            int at = panel * k * COLUMNS;
            switch (form) {
              case NT ->
                  Panels.packTransposedPanel(
                      b.memory, b.at(column, 0), b.stride, columns, k, packed, at, line);
              case NN, TN -> Panels.packPanel(b.memory, b.at(0, column), b.stride, columns, k, packed, at);
            }
          }
        });
  }

  private void blocks(
      Form form,
      int m,
      int n,
      int k,
      Stored a,
      float[] packed,
      int first,
      int count,
      Stored c,
      boolean accumulate) {
    int wantedDown = Math.max((m - 1) / BLOCK_ROWS + 1, Math.min(WANTED_BLOCKS, (m - 1) / (4 * ROWS) + 1));
    int blockRows = roundUp((m - 1) / wantedDown + 1, ROWS);
    int down = (m - 1) / blockRows + 1;
    int wantedAcross = Math.max(1, Math.min(WANTED_BLOCKS / down, count / 4));
    int blockPanels = (count - 1) / wantedAcross + 1;
    int across = (count - 1) / blockPanels + 1;
    parallel.forRange(
        down * across,
        1,
        (from, to) -> {
          Scratch mine = scratch.get();
          for (int block = from; block < to; block++) {
            int row = block / across * blockRows;
            int panel = block % across * blockPanels;
            block(
                form, row, Math.min(blockRows, m - row), first, panel, Math.min(blockPanels, count - panel), n, k, a,
                packed, c, accumulate, mine);
          }
        });
  }

  /// Computes rows × panels of c through the whole depth.
  private static void block(
      Form form,
      int row,
      int rows,
      int first,
      int panel,
      int panels,
      int n,
      int k,
      Stored a,
      float[] packed,
      Stored c,
      boolean accumulate,
      Scratch scratch) {
    int depths = (k - 1) / DEPTH + 1;
    int depth = (k - 1) / depths + 1;
    for (int step = 0; step < k; step += depth) {
      int length = Math.min(depth, k - step);
      switch (form) {
        case NT, NN ->
            Panels.packRows(a.memory, a.at(row, step), a.stride, rows, length, scratch.rows, scratch.line);
        case TN -> Panels.packTransposedRows(a.memory, a.at(step, row), a.stride, rows, length, scratch.rows);
      }
      int panelStride = Panels.rowPanelStride(length);
      boolean add = accumulate || step > 0;
      for (int p = panel; p < panel + panels; p++) {
        int column = (first + p) * COLUMNS;
        int columns = Math.min(COLUMNS, n - column);
        int bFrom = (p * k + step) * COLUMNS;
        for (int r = 0, aFrom = 0; r < rows; r += ROWS, aFrom += panelStride) {
          RegisterTile.multiply(scratch.rows, aFrom, packed, bFrom, length, scratch.tile, 0, COLUMNS, false);
          Panels.storeTile(
              scratch.tile, Math.min(ROWS, rows - r), columns, c.memory, c.at(row + r, column), c.stride, add);
        }
      }
    }
  }

  private static int roundUp(int value, int multiple) {
    return (value + multiple - 1) / multiple * multiple;
  }

  /// A matrix where it is stored.
  record Stored(MemorySegment memory, long offset, int stride) {
    long at(long row, long column) {
      return offset + row * stride + column;
    }
  }

  /// What one thread works in; kept, so that a call makes no garbage.
  static final class Scratch {
    final float[] rows = new float[BLOCK_ROWS / ROWS * Panels.rowPanelStride(DEPTH)];
    final float[] tile = new float[ROWS * COLUMNS];
    final float[] line = new float[DEPTH];
    private float[] packed = new float[0];

    /// Returns room for at least `length` floats, with anything in them.
    float[] packed(int length) {
      if (packed.length < length) {
        packed = new float[length];
      }
      return packed;
    }
  }
}
