package dev.lungo.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Vectors of float32 to and from memory, and their sum in a fixed order. Indices are in elements.
///
/// Methods that take or return vectors stand in classes named `…Lanes` and nowhere else: the JVM's
/// flags have the methods of these classes inlined always, and a vector that goes into a call or
/// comes out of one becomes an object.
final class Lanes {
  /// As many floats as this machine takes at once, 16 at most.
  static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  static final int LENGTH = SPECIES.length();

  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final VectorShuffle<Float> BY_8 = exchange(8);
  private static final VectorShuffle<Float> BY_4 = exchange(4);
  private static final VectorShuffle<Float> BY_2 = exchange(2);
  private static final VectorShuffle<Float> BY_1 = exchange(1);

  private Lanes() {}

  private static VectorShuffle<Float> exchange(int distance) {
    return VectorShuffle.fromOp(SPECIES, lane -> (lane ^ distance) & (LENGTH - 1));
  }

  /// Makes sure that a segment is native, and so lets the compiler know. The JDK's own slow paths
  /// pass arrays to the same inner methods while code is interpreted; after that the compiler
  /// expects arrays everywhere and surrounds each access with memory barriers, which took half the
  /// speed of the activations.
  static MemorySegment natively(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("kernels need native memory, but were given " + segment);
    }
    return segment;
  }

  static FloatVector load(MemorySegment segment, long index) {
    return FloatVector.fromMemorySegment(SPECIES, natively(segment), index << 2, ORDER);
  }

  /// Loads floats from an address of [NativeMemory].
  static FloatVector floats(long address) {
    return FloatVector.fromMemorySegment(SPECIES, NativeMemory.ALL, address, ORDER);
  }

  /// Loads the lanes that are set; the others are 0.
  static FloatVector load(MemorySegment segment, long index, VectorMask<Float> lanes) {
    return FloatVector.fromMemorySegment(SPECIES, natively(segment), index << 2, ORDER, lanes);
  }

  static FloatVector get(float[] values, int at) {
    return FloatVector.fromArray(SPECIES, values, at);
  }

  /// Returns what a sum starts from: what stands there, or zero.
  static FloatVector start(float[] sums, int at, boolean add) {
    return add ? get(sums, at) : zero();
  }

  static void store(FloatVector vector, MemorySegment segment, long index) {
    vector.intoMemorySegment(natively(segment), index << 2, ORDER);
  }

  static void store(
      FloatVector vector, MemorySegment segment, long index, VectorMask<Float> lanes) {
    vector.intoMemorySegment(natively(segment), index << 2, ORDER, lanes);
  }

  /// Sets the first lanes, as many as are left when whole vectors have been taken.
  static VectorMask<Float> first(long remaining) {
    return SPECIES.indexInRange(0, remaining);
  }

  /// Makes a constant vector, to be kept in a static field: `broadcast` inside a long formula costs
  /// the compiler as much of its budget for a loop as an operation does, and beyond the budget
  /// every vector becomes an object.
  static FloatVector constant(double value) {
    return FloatVector.broadcast(SPECIES, (float) value);
  }

  static FloatVector zero() {
    return FloatVector.zero(SPECIES);
  }

  /// Sums the lanes, halves onto halves. `reduceLanes(ADD)` leaves the order open and takes another
  /// one once compiled, so that bits would depend on when the compiler came by.
  static float sum(FloatVector vector) {
    FloatVector sum = vector;
    if (LENGTH >= 16) {
      sum = sum.add(sum.rearrange(BY_8));
    }
    if (LENGTH >= 8) {
      sum = sum.add(sum.rearrange(BY_4));
    }
    if (LENGTH >= 4) {
      sum = sum.add(sum.rearrange(BY_2));
    }
    return sum.add(sum.rearrange(BY_1)).lane(0);
  }

  /// Sums the lanes in the same order, by way of an array of at least [#LENGTH] floats. Faster
  /// where many sums follow each other: additions of single numbers wait less for each other than
  /// shuffles of vectors do.
  static float sum(FloatVector vector, float[] by) {
    vector.intoArray(by, 0);
    return sum(by, 0);
  }

  /// Sums the [#LENGTH] floats from `at` on, halves onto halves.
  static float sum(float[] lanes, int at) {
    return switch (LENGTH) {
      case 16 ->
          (ofFour(lanes, at, 4) + ofFour(lanes, at + 2, 4))
              + (ofFour(lanes, at + 1, 4) + ofFour(lanes, at + 3, 4));
      case 8 -> ofFour(lanes, at, 2) + ofFour(lanes, at + 1, 2);
      case 4 -> ofFour(lanes, at, 1);
      default -> lanes[at] + lanes[at + 1];
    };
  }

  /// Sums four floats that lie `apart` from each other, the first with the third.
  private static float ofFour(float[] lanes, int at, int apart) {
    return (lanes[at] + lanes[at + 2 * apart]) + (lanes[at + apart] + lanes[at + 3 * apart]);
  }
}
