package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;
import static dev.lungo.kernel.vector.RegisterTile.LANES;
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
      for (int column = 0; column < count; column += width, to += panelStride) {
        int filled = Math.min(width, count - column);
        dealSteps(lines, column, room, filled, some, into, to, width);
      }
    }
  }

  /// Deals `steps` lines out to one panel.
  private static void dealSteps(
      float[] lines, int from, int room, int filled, int steps, float[] into, int at, int width) {
    int vectorSteps = width % LANES == 0 && filled == width ? steps : steps - 1;
    if (filled < width) {
      vectorSteps = 0;
    }
    // A vector may be wider than a panel: what it writes too much is overwritten by the next step.
    for (int step = 0; step < vectorSteps; step++) {
      for (int lane = 0; lane < width; lane += LANES) {
        FloatVector.fromArray(SPECIES, lines, from + step * room + lane)
            .intoArray(into, at + step * width + lane);
      }
    }
    for (int step = vectorSteps; step < steps; step++) {
      for (int j = 0; j < width; j++) {
        into[at + step * width + j] = j < filled ? lines[from + step * room + j] : 0;
      }
    }
  }

  /// Writes a tile, or adds it, to `rows` × `columns` of a stored matrix.
  static void storeTile(
      float[] tile, int rows, int columns, MemorySegment c, long from, long stride, boolean add) {
    if (columns < COLUMNS) {
      storeNarrowTile(tile, rows, columns, c, from, stride, add);
      return;
    }
    for (int row = 0; row < rows; row++) {
      long target = from + row * stride;
      FloatVector left = FloatVector.fromArray(SPECIES, tile, row * COLUMNS);
      FloatVector right = FloatVector.fromArray(SPECIES, tile, row * COLUMNS + LANES);
      if (add) {
        left = Lanes.load(c, target).add(left);
        right = Lanes.load(c, target + LANES).add(right);
      }
      Lanes.store(left, c, target);
      Lanes.store(right, c, target + LANES);
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
