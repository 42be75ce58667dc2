package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.DEPTH;
import static dev.lungo.kernel.vector.RegisterTile.LINE_STRIDE;

import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.RecurrentKernels.Layer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// The recurrent weight of a layer, packed once for all time steps, and the rows that it is
/// multiplied by in each.
///
/// The units of the state are cut into blocks of [RegisterTile#COLUMNS]. Forward, a block has a
/// panel for each of its gates, as deep as the state is wide; backward it has one panel, as deep as
/// all gates together. Depths are padded to whole blocks, so that a block's results are whole
/// vectors of the next step's rows.
final class RecurrentPanels {
  private static final int CACHE_LINE = 16;

  private float[] packed = new float[0];
  private float[] rows = new float[0];
  private float[] nextRows = new float[0];
  private float[] carried = new float[0];
  private MemorySegment products = MemorySegment.NULL;
  private int blocks;
  private int panels;
  private int paddedWidth;
  private int paddedRows;
  private int depth;

  /// Makes room.
  ///
  /// @param panelsOfBlock one for each result of a unit
  /// @param sources how many of the state's width make up the depth
  void reserve(Layer layer, int panelsOfBlock, int sources) {
    blocks = (layer.width() - 1) / COLUMNS + 1;
    panels = panelsOfBlock;
    paddedWidth = blocks * COLUMNS;
    depth = sources * paddedWidth;
    paddedRows = paddedRows(layer.batch());
    packed = atLeast(packed, blocks * panels * panelStride());
    int pieces = (depth - 1) / DEPTH + 1;
    rows = atLeast(rows, pieces * paddedRows * LINE_STRIDE);
    nextRows = atLeast(nextRows, pieces * paddedRows * LINE_STRIDE);
    carried = atLeast(carried, blocks * paddedRows * COLUMNS);
    Arrays.fill(carried, 0, blocks * paddedRows * COLUMNS, 0);
  }

  /// Returns how many rows a tile of so many takes with those that fill it up.
  static int paddedRows(int count) {
    int padded = 0;
    while (padded < count) {
      padded += RegisterTile.rowsFor(count - padded);
    }
    return padded;
  }

  private static float[] atLeast(float[] array, int length) {
    return array.length < length ? new float[length] : array;
  }

  int blocks() {
    return blocks;
  }

  /// Returns room for numbers outside of the heap; anything may be in it.
  MemorySegment products(long numbers) {
    if (products.byteSize() < numbers * Float.BYTES) {
      products = Arena.ofAuto().allocate(numbers * Float.BYTES, Float.BYTES * CACHE_LINE);
    }
    return products;
  }

  /// Returns what steps hand on besides products; a block's part starts at [#carriedFrom].
  float[] carried() {
    return carried;
  }

  int carriedFrom(int block) {
    return block * paddedRows * COLUMNS;
  }

  private int panelStride() {
    // A cache line more, so that neighbours do not compete for the same cache sets.
    return depth * COLUMNS + CACHE_LINE;
  }

  /// Packs W for products with the state: panel g of a block has the rows of gate g.
  void packForward(Parallel parallel, Layer layer, ThreadLocal<GateBlock> scratch) {
    int width = layer.width();
    parallel.forRange(
        blocks * panels,
        1,
        (from, to) -> {
          float[] lines = scratch.get().lines;
          for (int panel = from; panel < to; panel++) {
            int unit = panel / panels * COLUMNS;
            int at = panel * panelStride();
            Panels.packLines(
                layer.weight(),
                ((long) panel % panels * width + unit) * width,
                width,
                Math.min(COLUMNS, width - unit),
                width,
                packed,
                at,
                COLUMNS,
                panelStride(),
                lines);
            Arrays.fill(packed, at + width * COLUMNS, at + paddedWidth * COLUMNS, 0);
          }
        });
  }

  /// Packs W for products with the gradients of all gates.
  void packBackward(Parallel parallel, Layer layer, ThreadLocal<GateBlock> scratch) {
    int width = layer.width();
    parallel.forRange(
        blocks,
        1,
        (from, to) -> {
          float[] lines = scratch.get().lines;
          for (int block = from; block < to; block++) {
            int unit = block * COLUMNS;
            for (int gate = 0; gate < layer.cell().gates(); gate++) {
              int at = block * panelStride() + gate * paddedWidth * COLUMNS;
              Panels.packSteps(
                  layer.weight(),
                  (long) gate * width * width + unit,
                  width,
                  Math.min(COLUMNS, width - unit),
                  width,
                  packed,
                  at,
                  COLUMNS,
                  panelStride(),
                  lines);
              Arrays.fill(packed, at + width * COLUMNS, at + paddedWidth * COLUMNS, 0);
            }
          }
        });
  }

  /// Puts a state (B, H) where the next product finds it.
  void setRows(MemorySegment state, int batch, int width) {
    float[] row = new float[paddedWidth];
    for (int b = 0; b < batch; b++) {
      MemorySegment.copy(
          state, ValueLayout.JAVA_FLOAT, (long) b * width * Float.BYTES, row, 0, width);
      for (int unit = 0; unit < paddedWidth; unit += COLUMNS) {
        System.arraycopy(row, unit, rows, rowAt(0, unit, b), COLUMNS);
      }
    }
  }

  /// Returns where units from `unit` on of a source stand in row `row`.
  private int rowAt(int source, int unit, int row) {
    int step = source * paddedWidth + unit;
    return (step / DEPTH * paddedRows + row) * LINE_STRIDE + step % DEPTH;
  }

  /// Keeps a block's results for the next product.
  void setNextRows(int source, int block, float[] values, int from, int batch) {
    for (int b = 0; b < batch; b++) {
      System.arraycopy(
          values, from + b * COLUMNS, nextRows, rowAt(source, block * COLUMNS, b), COLUMNS);
    }
  }

  /// Lets the next product use what was kept for it.
  void turnRows() {
    float[] used = rows;
    rows = nextRows;
    nextRows = used;
  }

  /// Multiplies the rows by the panels of a block: [GateBlock]'s first results.
  void multiply(int block, float[] into, int at, int slot) {
    for (int panel = 0; panel < panels; panel++) {
      int b = (block * panels + panel) * panelStride();
      for (int step = 0; step < depth; step += DEPTH) {
        int piece = Math.min(DEPTH, depth - step);
        int a = step / DEPTH * paddedRows * LINE_STRIDE;
        int row = 0;
        while (row < paddedRows) {
          int some = RegisterTile.rowsFor(paddedRows - row);
          RegisterTile.multiplyLines(
              some,
              rows,
              a + row * LINE_STRIDE,
              packed,
              b + step * COLUMNS,
              piece,
              into,
              at + panel * slot + row * COLUMNS,
              step > 0);
          row += some;
        }
      }
    }
  }
}
