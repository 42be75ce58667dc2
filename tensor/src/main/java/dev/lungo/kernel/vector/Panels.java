package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.ROWS;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Copies pieces of stored matrices into the panels that [RegisterTile] reads, and tiles back into
/// stored matrices.
///
/// A panel holds `width` rows or columns of a matrix: for each step of the depth, `width`
/// neighbouring floats. What lies beyond the matrix' edge is zero.
final class Panels {
  /// Lines that are copied before the first of them is dealt out. One after the other, each would
  /// wait for memory alone; and a vector read right after differently cut stores to the same place
  /// would wait for them.
  private static final int LINES_AHEAD = 8;

  /// The longest piece of a line that is copied at once.
  private static final int LONGEST_LINE = 512;

  /// Room for lines that are copied ahead, each with a vector's overhang.
  static final int LINES_LENGTH = LINES_AHEAD * (LONGEST_LINE + LANES);

  private Panels() {}

  /// Returns the longest piece of a line, cut at the bounds of panels, that is copied at once.
  static int longestLine(int width) {
    return LONGEST_LINE / width * width;
  }

  /// Copies `count` stored lines, each `depth` long and `stride` from the next, as
  /// [RegisterTile#multiplyLines] reads them; a tile's rows beyond the last are zero.
  static void copyRows(
      MemorySegment source, long from, long stride, int count, int depth, float[] into) {
    int padded = (count + ROWS - 1) / ROWS * ROWS;
    for (int row = 0; row < padded; row++) {
      int at = row * RegisterTile.LINE_STRIDE;
      if (row < count) {
        long start = (from + row * stride) * Float.BYTES;
        MemorySegment.copy(source, ValueLayout.JAVA_FLOAT, start, into, at, depth);
      } else {
        Arrays.fill(into, at, at + depth, 0);
      }
    }
  }

  /// Packs `count` stored lines, each `depth` long and `stride` from the next, into neighbouring
  /// panels: line i is in panel i / width, and step 0 of the first panel is at `at`.
  ///
  /// @param panelStride floats between two panels
  /// @param lines room for [#LINES_LENGTH] floats
  static void packLines(
      MemorySegment source,
      long from,
      long stride,
      int count,
      int depth,
      float[] into,
      int at,
      int width,
      int panelStride,
      float[] lines) {
    for (int step = 0; step < depth; step += LONGEST_LINE) {
      int steps = Math.min(LONGEST_LINE, depth - step);
      int to = at + step * width;
      packShortLines(
          source, from + step, stride, count, steps, into, to, width, panelStride, lines);
    }
  }

  private static void packShortLines(
      MemorySegment source,
      long from,
      long stride,
      int count,
      int depth,
      float[] into,
      int at,
      int width,
      int panelStride,
      float[] lines) {
    int padded = (count + width - 1) / width * width;
    int together = Math.min(width, LINES_AHEAD);
    for (int first = 0; first < padded; first += together) {
      for (int i = 0; i < together; i++) {
        if (first + i < count) {
          long start = (from + (first + i) * stride) * Float.BYTES;
          MemorySegment.copy(source, ValueLayout.JAVA_FLOAT, start, lines, i * depth, depth);
        } else {
          Arrays.fill(lines, i * depth, (i + 1) * depth, 0);
        }
      }
      int to = at + first / width * panelStride + first % width;
      Transposition.copy(lines, 0, depth, together, depth, into, to, width);
    }
  }

  /// Packs `depth` stored lines, each `count` long and `stride` from the next, into neighbouring
  /// panels: float i of line k is in panel i / width at step k.
  ///
  /// @param panelStride floats between two panels
  /// @param lines room for [#LINES_LENGTH] floats
  static void packSteps(
      MemorySegment source,
      long from,
      long stride,
      int count,
      int depth,
      float[] into,
      int at,
      int width,
      int panelStride,
      float[] lines) {
    int longest = longestLine(width);
    for (int column = 0; column < count; column += longest) {
      int columns = Math.min(longest, count - column);
      int to = at + column / width * panelStride;
      packShortSteps(
          source, from + column, stride, columns, depth, into, to, width, panelStride, lines);
    }
  }

  private static void packShortSteps(
      MemorySegment source,
      long from,
      long stride,
      int count,
      int depth,
      float[] into,
      int at,
      int width,
      int panelStride,
      float[] lines) {
    int room = count + LANES;
    for (int first = 0; first < depth; first += LINES_AHEAD) {
      int some = Math.min(LINES_AHEAD, depth - first);
      for (int i = 0; i < some; i++) {
        long start = (from + (first + i) * stride) * Float.BYTES;
        MemorySegment.copy(source, ValueLayout.JAVA_FLOAT, start, lines, i * room, count);
        Arrays.fill(lines, i * room + count, (i + 1) * room, 0);
      }
      int to = at + first * width;
      int column = 0;
      if (some == LINES_AHEAD && width == COLUMNS) {
        for (; column <= count - width; column += width, to += panelStride) {
          dealVectors(lines, column, room, into, to, width);
          dealVector(lines, column + 7 * room, into, to + 7 * width);
          dealVectors(lines, column + LANES, room, into, to + LANES, width);
          dealVector(lines, column + 7 * room + LANES, into, to + 7 * width + LANES);
        }
      } else if (some == LINES_AHEAD && width <= LANES) {
        for (; column <= count - width; column += width, to += panelStride) {
          // What a vector writes too much is overwritten by the next step; the last has no next.
          dealVectors(lines, column, room, into, to, width);
          System.arraycopy(lines, column + 7 * room, into, to + 7 * width, width);
        }
      }
      for (; column < count; column += width, to += panelStride) {
        int filled = Math.min(width, count - column);
        for (int step = 0; step < some; step++) {
          int target = to + step * width;
          System.arraycopy(lines, column + step * room, into, target, filled);
          Arrays.fill(into, target + filled, target + width, 0);
        }
      }
    }
  }

  /// Deals out a vector of each of seven lines, without a loop: one would take longer to start than
  /// to run.
  private static void dealVectors(
      float[] lines, int from, int room, float[] into, int at, int width) {
    dealVector(lines, from, into, at);
    dealVector(lines, from + room, into, at + width);
    dealVector(lines, from + 2 * room, into, at + 2 * width);
    dealVector(lines, from + 3 * room, into, at + 3 * width);
    dealVector(lines, from + 4 * room, into, at + 4 * width);
    dealVector(lines, from + 5 * room, into, at + 5 * width);
    dealVector(lines, from + 6 * room, into, at + 6 * width);
  }

  private static void dealVector(float[] lines, int from, float[] into, int at) {
    FloatVector.fromArray(SPECIES, lines, from).intoArray(into, at);
  }

  /// Writes a tile, or adds it, to `rows` × `columns` of a stored matrix.
  static void storeTile(
      float[] tile,
      int at,
      int rows,
      int columns,
      MemorySegment c,
      long from,
      long stride,
      boolean add) {
    if (columns < COLUMNS) {
      storeNarrowTile(tile, at, rows, columns, c, from, stride, add);
      return;
    }
    if (add) {
      addWholeTile(tile, at, rows, c, from, stride);
    } else {
      storeWholeTile(tile, at, rows, c, from, stride);
    }
  }

  private static void storeWholeTile(
      float[] tile, int at, int rows, MemorySegment c, long from, long stride) {
    for (int row = 0; row < rows; row++, at += COLUMNS, from += stride) {
      Lanes.store(FloatVector.fromArray(SPECIES, tile, at), c, from);
      Lanes.store(FloatVector.fromArray(SPECIES, tile, at + LANES), c, from + LANES);
    }
  }

  private static void addWholeTile(
      float[] tile, int at, int rows, MemorySegment c, long from, long stride) {
    for (int row = 0; row < rows; row++, at += COLUMNS, from += stride) {
      FloatVector left = Lanes.load(c, from);
      Lanes.store(left.add(FloatVector.fromArray(SPECIES, tile, at)), c, from);
      FloatVector right = Lanes.load(c, from + LANES);
      Lanes.store(right.add(FloatVector.fromArray(SPECIES, tile, at + LANES)), c, from + LANES);
    }
  }

  /// Writes the transpose of a tile to `columns` × `rows` of a stored matrix.
  ///
  /// @param turned room for a tile of [Transposition#SIDE] rows
  static void storeTransposedTile(
      float[] tile,
      int at,
      int rows,
      int columns,
      MemorySegment c,
      long from,
      long stride,
      float[] turned) {
    for (int first = 0; first < rows; first += Transposition.SIDE, from += Transposition.SIDE) {
      int some = Math.min(Transposition.SIDE, rows - first);
      int start = at + first * COLUMNS;
      Transposition.copy(
          tile, start, COLUMNS, Transposition.SIDE, COLUMNS, turned, 0, Transposition.SIDE);
      for (int column = 0; column < columns; column++) {
        int source = column * Transposition.SIDE;
        long target = from + column * stride;
        if (some == Transposition.SIDE && LANES >= Transposition.SIDE) {
          FloatVector.fromArray(FloatVector.SPECIES_256, turned, source)
              .intoMemorySegment(Lanes.natively(c), target << 2, Lanes.ORDER);
        } else {
          for (int i = 0; i < some; i++) {
            c.set(ValueLayout.JAVA_FLOAT, (target + i) << 2, turned[source + i]);
          }
        }
      }
    }
  }

  private static void storeNarrowTile(
      float[] tile,
      int at,
      int rows,
      int columns,
      MemorySegment c,
      long from,
      long stride,
      boolean add) {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        long target = (from + row * stride + column) * Float.BYTES;
        float before = add ? c.get(ValueLayout.JAVA_FLOAT, target) : 0;
        c.set(ValueLayout.JAVA_FLOAT, target, before + tile[at + row * COLUMNS + column]);
      }
    }
  }
}
