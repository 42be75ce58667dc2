package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.DEPTH;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;

import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.Parallel;
import java.lang.foreign.MemorySegment;

/// Matrix products by register tiles over packed panels (Goto and van de Geijn 2008, "Anatomy of
/// high-performance matrix multiplication").
///
/// A piece of b, [RegisterTile#DEPTH] deep, is packed by all threads together; then the blocks of c
/// are shared out, and each thread packs its own rows of a, few enough for its second-level cache.
/// A transposed a is packed by all threads too, so that it is read in long runs. A few rows times a
/// matrix of weights, as in decoding, read the weights where they are ([RowDots]).
///
/// Every element of c is one sum per piece of the depth, added up in order: its bits depend on the
/// depth alone.
public final class VectorMatmul implements MatmulKernels {
  /// Rows or columns that are packed at once by all threads: a megabyte, which they find in a
  /// shared cache.
  private static final int PACKED_TOGETHER = 1024;

  /// Rows of a block of c: a's part takes a fifth of a second-level cache.
  private static final int BLOCK_ROWS = 96 / ROWS * ROWS;

  /// Stored lines of which one task packs a piece, if a line runs along the depth.
  private static final int TASK_LINES = 48;

  /// Steps of the depth that one task packs, if a stored line is one step.
  private static final int TASK_STEPS = 32;

  /// Blocks that a product is cut into, if it is large enough, so that no thread waits long for
  /// another.
  private static final int WANTED_BLOCKS = 6;

  /// Floats of a cache line.
  private static final int CACHE_LINE = 16;

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
      RowDots.multiply(parallel, m, n, k, left, right, result, accumulate, scratch);
      return;
    }
    Scratch mine = scratch.get();
    int piece = share(k, DEPTH, 1);
    int together = share(n, PACKED_TOGETHER, COLUMNS);
    for (int column = 0; column < n; column += together) {
      int columns = Math.min(together, n - column);
      for (int step = 0; step < k; step += piece) {
        Span span = new Span(column, columns, step, Math.min(piece, k - step));
        float[] packed = mine.columns(columns);
        pack(right, form != Form.NT, span, COLUMNS, packed);
        boolean add = accumulate || step > 0;
        switch (form) {
          case NT, NN -> blocks(left, m, span, packed, result, add);
          case TN -> transposedBlocks(left, m, span, packed, mine.manyRows(m), result, add);
        }
      }
    }
  }

  /// Returns the share of each part if `whole` is cut into equal parts of about `most`, in
  /// multiples of `unit`.
  private static int share(int whole, int most, int unit) {
    int parts = (whole - 1) / most + 1;
    return ((whole - 1) / parts / unit + 1) * unit;
  }

  /// The columns of c and the steps of the depth that are being worked on.
  private record Span(int column, int columns, int step, int depth) {
    int panelStride(int width) {
      // A cache line more than the panel needs, so that neighbours do not compete for the same
      // cache sets.
      return depth * width + CACHE_LINE;
    }

    Span rows(int row, int rows) {
      return new Span(row, rows, step, depth);
    }
  }

  /// Packs a span of one operand, all threads together.
  private void pack(Stored stored, boolean stepMajor, Span span, int width, float[] into) {
    if (stepMajor) {
      int longest = Panels.longestLine(width);
      int across = (span.columns - 1) / longest + 1;
      parallel.forRange(
          ((span.depth - 1) / TASK_STEPS + 1) * across,
          1,
          (from, to) -> {
            for (int task = from; task < to; task++) {
              int first = task % across * longest;
              packSteps(
                  stored,
                  span,
                  first,
                  Math.min(longest, span.columns - first),
                  task / across,
                  width,
                  into);
            }
          });
    } else {
      int lines = TASK_LINES / width * width;
      parallel.forRange(
          (span.columns - 1) / lines + 1,
          1,
          (from, to) -> {
            for (int task = from; task < to; task++) {
              int first = task * lines;
              packLines(
                  stored, span, first, Math.min(lines, span.columns - first), width, into, first);
            }
          });
    }
  }

  private void packSteps(
      Stored stored, Span span, int first, int count, int task, int width, float[] into) {
    int step = task * TASK_STEPS;
    int steps = Math.min(TASK_STEPS, span.depth - step);
    int at = first / width * span.panelStride(width) + step * width;
    long from = stored.at(span.step + step, span.column + first);
    Panels.packSteps(
        stored.memory,
        from,
        stored.stride,
        count,
        steps,
        into,
        at,
        width,
        span.panelStride(width),
        scratch.get().lines);
  }

  private void packLines(
      Stored stored, Span span, int first, int count, int width, float[] into, int place) {
    int at = place / width * span.panelStride(width);
    long from = stored.at(span.column + first, span.step);
    Panels.packLines(
        stored.memory,
        from,
        stored.stride,
        count,
        span.depth,
        into,
        at,
        width,
        span.panelStride(width),
        scratch.get().lines);
  }

  /// Shares out the blocks of c; each thread packs the rows of a that it needs.
  private void blocks(Stored a, int m, Span span, float[] packed, Stored c, boolean add) {
    Grid grid = Grid.of(m, span.columns);
    parallel.forRange(
        grid.blocks(),
        1,
        (from, to) -> {
          Scratch mine = scratch.get();
          for (int block = from; block < to; block++) {
            int row = grid.row(block);
            int rows = Math.min(grid.rows, m - row);
            packLines(a, span.rows(row, rows), 0, rows, ROWS, mine.rows, 0);
            multiplyBlock(mine.rows, 0, rows, packed, grid, block, span, c, row, add, mine.tile);
          }
        });
  }

  /// Shares out the blocks of c after the threads have packed a together.
  private void transposedBlocks(
      Stored a, int m, Span span, float[] packed, float[] packedRows, Stored c, boolean add) {
    int together = share(m, PACKED_TOGETHER, ROWS);
    for (int top = 0; top < m; top += together) {
      Span rows = span.rows(top, Math.min(together, m - top));
      pack(a, true, rows, ROWS, packedRows);
      Grid grid = Grid.of(rows.columns, span.columns);
      parallel.forRange(
          grid.blocks(),
          1,
          (from, to) -> {
            float[] tile = scratch.get().tile;
            for (int block = from; block < to; block++) {
              int row = grid.row(block);
              int aFrom = row / ROWS * span.panelStride(ROWS);
              int count = Math.min(grid.rows, rows.columns - row);
              multiplyBlock(
                  packedRows,
                  aFrom,
                  count,
                  packed,
                  grid,
                  block,
                  span,
                  c,
                  rows.column + row,
                  add,
                  tile);
            }
          });
    }
  }

  /// Multiplies packed rows by the packed columns of one block.
  ///
  /// @param top the row of c that the first of the packed rows makes
  private static void multiplyBlock(
      float[] packedRows,
      int rowsFrom,
      int rows,
      float[] packed,
      Grid grid,
      int block,
      Span span,
      Stored c,
      int top,
      boolean add,
      float[] tile) {
    int last = Math.min(span.columns, grid.column(block) + grid.columns);
    for (int column = grid.column(block); column < last; column += COLUMNS) {
      int bFrom = column / COLUMNS * span.panelStride(COLUMNS);
      int columns = Math.min(COLUMNS, last - column);
      int aFrom = rowsFrom;
      for (int row = 0; row < rows; row += ROWS) {
        RegisterTile.multiply(packedRows, aFrom, packed, bFrom, span.depth, tile, 0);
        long target = c.at(top + row, span.column + column);
        Panels.storeTile(
            tile, Math.min(ROWS, rows - row), columns, c.memory, target, c.stride, add);
        aFrom += span.panelStride(ROWS);
      }
    }
  }

  /// How c is cut into blocks.
  ///
  /// @param rows rows of a block, a multiple of a tile's
  /// @param columns columns of a block, a multiple of a tile's
  private record Grid(int rows, int columns, int down, int across) {
    static Grid of(int m, int n) {
      int down = Math.max((m - 1) / BLOCK_ROWS + 1, Math.min(WANTED_BLOCKS, m / (8 * ROWS)));
      int rows = ((m - 1) / Math.max(1, down) / ROWS + 1) * ROWS;
      down = (m - 1) / rows + 1;
      int across = Math.min((WANTED_BLOCKS - 1) / down + 1, n / (8 * COLUMNS));
      int columns = ((n - 1) / Math.max(1, across) / COLUMNS + 1) * COLUMNS;
      return new Grid(rows, columns, down, (n - 1) / columns + 1);
    }

    int blocks() {
      return down * across;
    }

    int row(int block) {
      return block / across * rows;
    }

    int column(int block) {
      return block % across * columns;
    }
  }

  /// A matrix where it is stored.
  record Stored(MemorySegment memory, long offset, int stride) {
    long at(long row, long column) {
      return offset + row * stride + column;
    }
  }

  /// What one thread works in; kept, so that a call makes no garbage.
  static final class Scratch {
    final float[] tile = new float[ROWS * COLUMNS];
    final float[] lines = new float[Panels.LINES_LENGTH];
    final float[] sums = new float[RowDots.WEIGHT_ROWS * RegisterTile.LANES];
    final float[] rows = new float[BLOCK_ROWS / ROWS * (DEPTH * ROWS + CACHE_LINE)];
    private float[] columns = new float[0];
    private float[] manyRows = new float[0];
    private float[] few = new float[0];

    /// Returns room for a span of b; anything may be in it.
    float[] columns(int count) {
      columns = atLeast(columns, panelsLength(count, COLUMNS));
      return columns;
    }

    /// Returns room for a span of a transposed a; anything may be in it.
    float[] manyRows(int count) {
      manyRows = atLeast(manyRows, panelsLength(share(count, PACKED_TOGETHER, ROWS), ROWS));
      return manyRows;
    }

    /// Returns room for a few rows of a; anything may be in it.
    float[] few(int length) {
      few = atLeast(few, length);
      return few;
    }

    private static int panelsLength(int count, int width) {
      return ((count - 1) / width + 1) * (DEPTH * width + CACHE_LINE);
    }

    private static float[] atLeast(float[] array, int length) {
      return array.length < length ? new float[length] : array;
    }
  }
}
