package dev.lungo.kernel;

import static dev.lungo.kernel.Floats.get;
import static dev.lungo.kernel.Floats.set;

import java.lang.foreign.MemorySegment;

/// Rotary positions, pair by pair.
final class ScalarPosition implements PositionKernels {
  @Override
  public void rotate(
      RotaryLayout layout,
      MemorySegment x,
      MemorySegment out,
      MemorySegment cosine,
      MemorySegment sine,
      int rows,
      int length,
      int start,
      int heads,
      int headDim,
      int turned,
      boolean inverse,
      boolean accumulate) {
    int pairs = turned / 2;
    for (int r = 0; r < rows; r++) {
      long angles = (long) (start + r % length) * pairs;
      for (int h = 0; h < heads; h++) {
        long head = ((long) r * heads + h) * headDim;
        for (int i = 0; i < pairs; i++) {
          long first = head + (layout == RotaryLayout.INTERLEAVED ? 2L * i : i);
          long second = layout == RotaryLayout.INTERLEAVED ? first + 1 : first + pairs;
          double cos = get(cosine, angles + i);
          double sin = inverse ? -get(sine, angles + i) : get(sine, angles + i);
          double a = get(x, first);
          double b = get(x, second);
          set(out, first, (accumulate ? get(out, first) : 0) + a * cos - b * sin);
          set(out, second, (accumulate ? get(out, second) : 0) + a * sin + b * cos);
        }
        for (long i = head + turned; i < head + headDim; i++) {
          set(out, i, (accumulate ? get(out, i) : 0) + get(x, i));
        }
      }
    }
  }
}
