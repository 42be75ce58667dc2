package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Copies pieces of stored matrices into the panels that [RegisterTile] reads, and tiles back into stored matrices. Rows
/// and columns beyond a matrix' edge are filled with zeros.
final class Panels {
  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();

  private Panels() {}

  /// Returns how many floats lie between two panels of `a`: room for the last, overlapping vector store.
  static int rowPanelStride(int depth) {
    return depth * ROWS + LANES;
  }

  /// Packs `rows` × `depth` of a stored (rows, depth) into panels, [#rowPanelStride] apart.
  ///
  /// @param line room for one stored row's piece
  static void packRows(
      MemorySegment a, long from, long stride, int rows, int depth, float[] into, float[] line) {
    int panelStride = rowPanelStride(depth);
    int padded = (rows + ROWS - 1) / ROWS * ROWS;
    for (int row = 0; row < padded; row++) {
      if (row < rows) {
        MemorySegment.copy(a, ValueLayout.JAVA_FLOAT, (from + row * stride) * Float.BYTES, line, 0, depth);
      } else {
        Arrays.fill(line, 0, depth, 0);
      }
      spreadRow(line, depth, into, row / ROWS * panelStride + row % ROWS);
    }
  }

  /// Packs `rows` × `depth` of a stored (depth, rows) into panels, [#rowPanelStride] apart.
  static void packTransposedRows(MemorySegment a, long from, long stride, int rows, int depth, float[] into) {
    int panelStride = rowPanelStride(depth);
    // A vector may be wider than a panel: what it writes too much is overwritten by the next step.
    int vectorRows = Math.max(0, Math.min(rows - LANES + 1, rows / ROWS * ROWS));
    for (int k = 0; k < depth; k++) {
      long source = from + k * stride;
      int row = 0;
      for (int at = k * ROWS; row < vectorRows; row += ROWS, at += panelStride) {
        for (int lane = 0; lane < ROWS; lane += LANES) {
          FloatVector.fromMemorySegment(SPECIES, a, (source + row + lane) * Float.BYTES, NATIVE)
              .intoArray(into, at + lane);
        }
      }
      for (; row < rows; row += ROWS) {
        int at = row / ROWS * panelStride + k * ROWS;
        int filled = Math.min(ROWS, rows - row);
        for (int i = 0; i < filled; i++) {
          into[at + i] = a.get(ValueLayout.JAVA_FLOAT, (source + row + i) * Float.BYTES);
        }
        Arrays.fill(into, at + filled, at + ROWS, 0);
      }
    }
  }

  /// Packs `depth` × `columns` (at most [RegisterTile#COLUMNS]) of b stored (depth, columns) into one panel.
  static void packPanel(MemorySegment b, long from, long stride, int columns, int depth, float[] into, int at) {
    if (columns == COLUMNS) {
      for (int k = 0; k < depth; k++) {
        long source = (from + k * stride) * Float.BYTES;
        FloatVector left = FloatVector.fromMemorySegment(SPECIES, b, source, NATIVE);
        FloatVector right =
            FloatVector.fromMemorySegment(SPECIES, b, source + (long) LANES * Float.BYTES, NATIVE);
        left.intoArray(into, at + k * COLUMNS);
        right.intoArray(into, at + k * COLUMNS + LANES);
      }
      return;
    }
    for (int k = 0; k < depth; k++) {
      int row = at + k * COLUMNS;
      MemorySegment.copy(b, ValueLayout.JAVA_FLOAT, (from + k * stride) * Float.BYTES, into, row, columns);
      Arrays.fill(into, row + columns, row + COLUMNS, 0);
    }
  }

  /// Packs `depth` × `columns` (at most [RegisterTile#COLUMNS]) of b stored (columns, depth) into one panel.
  ///
  /// @param line room for one stored row's piece
  static void packTransposedPanel(
      MemorySegment b, long from, long stride, int columns, int depth, float[] into, int at, float[] line) {
    int piece = line.length;
    for (int k = 0; k < depth; k += piece) {
      int length = Math.min(piece, depth - k);
      int target = at + k * COLUMNS;
      for (int column = 0; column < columns; column++) {
        MemorySegment.copy(
            b, ValueLayout.JAVA_FLOAT, (from + column * stride + k) * Float.BYTES, line, 0, length);
        spreadColumn(line, length, into, target + column);
      }
      for (int column = columns; column < COLUMNS; column++) {
        for (int i = 0; i < length; i++) {
          into[target + column + i * COLUMNS] = 0;
        }
      }
    }
  }

  private static void spreadRow(float[] line, int length, float[] into, int at) {
    for (int i = 0; i < length; i++) {
      into[at + i * ROWS] = line[i];
    }
  }

  private static void spreadColumn(float[] line, int length, float[] into, int at) {
    for (int i = 0; i < length; i++) {
      into[at + i * COLUMNS] = line[i];
    }
  }

  /// Writes a tile, or adds it, to `rows` × `columns` of a stored matrix.
  static void storeTile(
      float[] tile, int rows, int columns, MemorySegment c, long from, long stride, boolean add) {
    if (columns < COLUMNS) {
      storeNarrowTile(tile, rows, columns, c, from, stride, add);
      return;
    }
    long rightBytes = (long) LANES * Float.BYTES;
    for (int row = 0; row < rows; row++) {
      long target = (from + row * stride) * Float.BYTES;
      FloatVector left = FloatVector.fromArray(SPECIES, tile, row * COLUMNS);
      FloatVector right = FloatVector.fromArray(SPECIES, tile, row * COLUMNS + LANES);
      if (add) {
        left = FloatVector.fromMemorySegment(SPECIES, c, target, NATIVE).add(left);
        right = FloatVector.fromMemorySegment(SPECIES, c, target + rightBytes, NATIVE).add(right);
      }
      left.intoMemorySegment(c, target, NATIVE);
      right.intoMemorySegment(c, target + rightBytes, NATIVE);
    }
  }

  private static void storeNarrowTile(
      float[] tile, int rows, int columns, MemorySegment c, long from, long stride, boolean add) {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        long target = (from + row * stride + column) * Float.BYTES;
        float before = add ? c.get(ValueLayout.JAVA_FLOAT, target) : 0;
        c.set(ValueLayout.JAVA_FLOAT, target, before + tile[row * COLUMNS + column]);
      }
    }
  }
}
