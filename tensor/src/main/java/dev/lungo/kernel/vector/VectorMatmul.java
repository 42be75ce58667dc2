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
/// A transposed a is packed by all threads too, so that it is read in long runs. Between two pieces
/// the sums wait tile after tile, where they can be fetched ahead, and c is written once. A few
/// rows times a matrix of weights, as in decoding, read the weights where they are ([RowDots]).
///
/// Every element of c is one chain of multiplications and additions along the depth: its bits
/// depend on the depth alone.
public final class VectorMatmul implements MatmulKernels {
  /// Columns, or rows of a transposed a, that are packed at once by all threads: a megabyte, which
  /// they find in a shared cache.
  private static final int PACKED_TOGETHER = 1024;

  /// Rows whose sums wait between two pieces of the depth.
  private static final int ROWS_TOGETHER = 2048;

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
    int columns = share(n, PACKED_TOGETHER, COLUMNS);
    int rows = m;
    if (form == Form.TN) {
      rows = share(m, PACKED_TOGETHER, ROWS);
    } else if (k > DEPTH) {
      rows = share(m, ROWS_TOGETHER, ROWS);
    }
    multiply(new Product(form, left, right, result, accumulate, k, 1, false), m, rows, n, columns);
  }

  /// Computes y = x·Wᵀ as (W·xᵀ)ᵀ: rows of W, the larger operand, are then used line by line and
  /// need no transposition.
  ///
  /// @param unit numbers of the depth that cannot be divided, such as a block's
  void multiplyRows(Rows weights, int unit, int m, int n, int k, MemorySegment x, MemorySegment y) {
    Product product =
        new Product(
            Form.NT, weights, new Stored(x, 0, k), new Stored(y, 0, n), false, k, unit, true);
    multiply(product, n, share(n, ROWS_TOGETHER, ROWS), m, share(m, PACKED_TOGETHER, COLUMNS));
  }

  private void multiply(Product product, int m, int rows, int n, int columns) {
    for (int column = 0; column < n; column += columns) {
      for (int row = 0; row < m; row += rows) {
        multiplySpan(product, row, Math.min(rows, m - row), column, Math.min(columns, n - column));
      }
    }
  }

  /// What is multiplied.
  ///
  /// @param unit numbers of the depth that cannot be divided
  /// @param transposed whether c holds the product's transpose
  private record Product(
      Form form,
      Rows a,
      Stored b,
      Stored c,
      boolean accumulate,
      int depth,
      int unit,
      boolean transposed) {
    void store(float[] sums, int at, int row, int rows, int column, int columns, float[] turned) {
      if (transposed) {
        long to = c.at(column, row);
        Panels.storeTransposedTile(sums, at, rows, columns, c.memory, to, c.stride, turned);
      } else {
        Panels.storeTile(
            sums, at, rows, columns, c.memory, c.at(row, column), c.stride, accumulate);
      }
    }
  }

  /// The rows of an operand, wherever they come from.
  interface Rows {
    /// Copies `depth` numbers, from number `step`, of `count` rows from row `row`, as
    /// [RegisterTile#multiplyLines] reads them; a tile's rows beyond the last are zero.
    void copyRows(int row, int count, int step, int depth, float[] into);
  }

  /// Makes rows × columns of c, one piece of the depth after the other.
  private void multiplySpan(Product product, int row, int rows, int column, int columns) {
    Scratch mine = scratch.get();
    int piece = share(product.depth, DEPTH, product.unit);
    float[] packedColumns = mine.columns(columns);
    float[] waiting = piece < product.depth ? mine.waiting(rows, columns) : mine.noneWaiting;
    for (int step = 0; step < product.depth; step += piece) {
      int depth = Math.min(piece, product.depth - step);
      Span across = new Span(column, columns, step, depth);
      Span down = new Span(row, rows, step, depth);
      pack(product.b, product.form != Form.NT, across, COLUMNS, packedColumns);
      float[] packedRows = mine.noRows;
      if (product.form == Form.TN && product.a instanceof Stored stored) {
        packedRows = mine.manyRows(rows);
        pack(stored, true, down, ROWS, packedRows);
      }
      multiplyPiece(product, down, packedRows, across, packedColumns, waiting);
    }
  }

  /// Returns the share of each part if `whole` is cut into equal parts of about `most`, in
  /// multiples of `unit`.
  private static int share(int whole, int most, int unit) {
    int parts = (whole - 1) / most + 1;
    return ((whole - 1) / parts / unit + 1) * unit;
  }

  /// Lines of an operand (columns of b, rows of a) and the steps of the depth that are being worked
  /// on.
  private record Span(int line, int lines, int step, int depth) {
    int panelStride(int width) {
      // A cache line more than the panel needs, so that neighbours do not compete for the same
      // cache sets.
      return depth * width + CACHE_LINE;
    }
  }

  /// Packs a span of one operand, all threads together.
  private void pack(Stored stored, boolean stepMajor, Span span, int width, float[] into) {
    if (stepMajor) {
      int longest = Panels.longestLine(width);
      int across = (span.lines - 1) / longest + 1;
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
                  Math.min(longest, span.lines - first),
                  task / across,
                  width,
                  into);
            }
          });
    } else {
      int lines = TASK_LINES / width * width;
      parallel.forRange(
          (span.lines - 1) / lines + 1,
          1,
          (from, to) -> {
            for (int task = from; task < to; task++) {
              int first = task * lines;
              packLines(
                  stored, span, first, Math.min(lines, span.lines - first), width, into, first);
            }
          });
    }
  }

  private void packSteps(
      Stored stored, Span span, int first, int count, int task, int width, float[] into) {
    int step = task * TASK_STEPS;
    int steps = Math.min(TASK_STEPS, span.depth - step);
    int at = first / width * span.panelStride(width) + step * width;
    long from = stored.at(span.step + step, span.line + first);
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
    long from = stored.at(span.line + first, span.step);
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

  /// Adds one piece of the depth to the sums: shares out the blocks of c; each thread packs the
  /// rows of a that it needs unless they are packed.
  private void multiplyPiece(
      Product product,
      Span down,
      float[] packedRows,
      Span across,
      float[] packedColumns,
      float[] waiting) {
    Grid grid = Grid.of(down.lines, across.lines);
    parallel.forRange(
        grid.blocks(),
        1,
        (from, to) -> {
          Scratch mine = scratch.get();
          for (int block = from; block < to; block++) {
            int row = grid.row(block);
            int rows = Math.min(grid.rows, down.lines - row);
            float[] blockRows = packedRows;
            if (product.form != Form.TN) {
              blockRows = mine.rows;
              product.a.copyRows(down.line + row, rows, down.step, down.depth, blockRows);
            }
            int column = grid.column(block);
            int end = Math.min(across.lines, column + grid.columns);
            for (; column < end; column += COLUMNS) {
              multiplyPanel(
                  product,
                  down,
                  row,
                  rows,
                  blockRows,
                  across,
                  column,
                  Math.min(COLUMNS, end - column),
                  packedColumns,
                  waiting,
                  mine);
            }
          }
        });
  }

  /// Multiplies packed rows by one panel of columns.
  private static void multiplyPanel(
      Product product,
      Span down,
      int top,
      int rows,
      float[] packedRows,
      Span across,
      int column,
      int columns,
      float[] packedColumns,
      float[] waiting,
      Scratch mine) {
    boolean first = down.step == 0;
    boolean last = down.step + down.depth == product.depth;
    boolean whole = first && last;
    float[] sums = whole ? mine.tile : waiting;
    int panel = column / COLUMNS;
    int bFrom = panel * across.panelStride(COLUMNS);
    int tilesDown = (down.lines - 1) / ROWS + 1;
    for (int row = 0; row < rows; row += ROWS) {
      int index = (top + row) / ROWS;
      int at = whole ? 0 : (panel * tilesDown + index) * ROWS * COLUMNS;
      if (product.form == Form.TN) {
        int aFrom = index * down.panelStride(ROWS);
        RegisterTile.multiplySteps(
            packedRows, aFrom, packedColumns, bFrom, down.depth, sums, at, !first);
      } else {
        int aFrom = row * RegisterTile.LINE_STRIDE;
        RegisterTile.multiplyLines(
            packedRows, aFrom, packedColumns, bFrom, down.depth, sums, at, !first);
      }
      if (last) {
        product.store(
            sums,
            at,
            down.line + top + row,
            Math.min(ROWS, rows - row),
            across.line + column,
            columns,
            mine.turned);
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
  record Stored(MemorySegment memory, long offset, int stride) implements Rows {
    long at(long row, long column) {
      return offset + row * stride + column;
    }

    @Override
    public void copyRows(int row, int count, int step, int depth, float[] into) {
      Panels.copyRows(memory, at(row, step), stride, count, depth, into);
    }
  }

  /// What one thread works in; kept, so that a call makes no garbage.
  static final class Scratch {
    // As many rows as are transposed together, whatever is in those beyond the tile's.
    private static final int ROOM = Math.max(ROWS, Transposition.SIDE) * COLUMNS;

    final float[] tile = new float[ROOM];
    final float[] turned = new float[ROOM];
    final float[] lines = new float[Panels.LINES_LENGTH];
    final float[] sums = new float[RowDots.WEIGHT_ROWS * RegisterTile.LANES];
    final float[] rows = new float[BLOCK_ROWS * RegisterTile.LINE_STRIDE];
    final float[] noRows = new float[0];
    final float[] noneWaiting = new float[0];
    private float[] waiting = new float[0];
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
      manyRows = atLeast(manyRows, panelsLength(count, ROWS));
      return manyRows;
    }

    /// Returns room for the sums of rows × columns; anything may be in it.
    float[] waiting(int rows, int columns) {
      int tiles = ((rows - 1) / ROWS + 1) * ((columns - 1) / COLUMNS + 1);
      waiting = atLeast(waiting, tiles * ROWS * COLUMNS + ROOM);
      return waiting;
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
