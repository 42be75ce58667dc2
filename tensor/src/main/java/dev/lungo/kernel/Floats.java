package dev.lungo.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/// Single float32 elements of a segment, under names short enough for the formulas around them.
final class Floats {
  private Floats() {}

  static float get(MemorySegment segment, long index) {
    return segment.getAtIndex(JAVA_FLOAT_UNALIGNED, index);
  }

  static void set(MemorySegment segment, long index, double value) {
    segment.setAtIndex(JAVA_FLOAT_UNALIGNED, index, (float) value);
  }

  static void add(MemorySegment segment, long index, double value) {
    set(segment, index, get(segment, index) + value);
  }
}
