package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products with rows of Q6_K ([dev.lungo.quant.Q6_K]). The scales of a row and its numbers, a
/// byte each, are unpacked first. The input is x as it is.
final class Q6_KDots implements BlockDots {
  static final Q6_KDots DOTS = new Q6_KDots();

  private static final int BLOCK_BYTES = 210;
  private static final int SUB_BLOCKS = 16;

  private Q6_KDots() {}

  /// Stores the scales of a row, 16 floats a block.
  private static void rowScales(long weights, int blocks, long scales) {
    for (int b = 0; b < blocks; b++) {
      long w = NativeMemory.within(weights + b * (long) BLOCK_BYTES);
      long to = NativeMemory.within(scales + b * (long) SUB_BLOCKS * Float.BYTES);
      FloatVector all = BlockLanes.halves(w + 208);
      for (int i = 0; i < SUB_BLOCKS; i += LANES) {
        BlockLanes.signed(w + 192 + i)
            .mul(all)
            .intoMemorySegment(NativeMemory.ALL, to + i * Float.BYTES, Lanes.ORDER);
      }
    }
  }

  /// Stores the numbers of a row, a signed byte each.
  private static void rowNumbers(long weights, int blocks, long numbers) {
    for (int half = 0; half < 2 * blocks; half++) {
      long block = NativeMemory.within(weights + (half >> 1) * (long) BLOCK_BYTES);
      long lower = block + 64 * (half & 1);
      long upper = block + 128 + 32 * (half & 1);
      ByteLanes.unpack(lower, upper, NativeMemory.within(numbers + half * 128L));
    }
  }

  @Override
  public void row(long weights, long input, int blocks, long room, float[] lanes, int at) {
    long numbers = room + blocks * SUB_BLOCKS * (long) Float.BYTES;
    rowScales(weights, blocks, room);
    rowNumbers(weights, blocks, numbers);
    FloatVector even = FloatVector.zero(SPECIES);
    FloatVector odd = even;
    for (int i = 0; i < blocks * 256; i += 32) {
      long w = NativeMemory.within(numbers + i);
      long x = NativeMemory.within(input + Float.BYTES * i);
      long s = NativeMemory.within(room + (i >> 2));
      even = SumLanes.add(w, x, s, even);
      odd = SumLanes.add(w + 16, x + 64, s + 4, odd);
    }
    even.add(odd).intoArray(lanes, at);
  }

  /// What the 16 numbers of a scale add to the sum.
  private static final class SumLanes {
    static FloatVector add(long w, long x, long scale, FloatVector sum) {
      FloatVector products = BlockLanes.signed(w).mul(Lanes.floats(x));
      if (LANES == 8) {
        products = BlockLanes.signed(w + 8).fma(Lanes.floats(x + 32), products);
      }
      return products.fma(FloatVector.broadcast(SPECIES, NativeMemory.getFloat(scale)), sum);
    }
  }

  /// 32 numbers at a time, as bytes. The shifts move bits from one byte to the next, too; those are
  /// masked out.
  private static final class ByteLanes {
    private static final IntVector FOUR = IntVector.broadcast(IntVector.SPECIES_256, 0x0f0f0f0f);
    private static final IntVector UPPER_TWO =
        IntVector.broadcast(IntVector.SPECIES_256, 0x30303030);
    private static final ByteVector HALF = ByteVector.broadcast(ByteVector.SPECIES_256, 32);

    /// Unpacks 128 numbers from 64 bytes of lower and 32 of upper bits.
    static void unpack(long lower, long upper, long numbers) {
      IntVector first = load(lower);
      IntVector second = load(lower + 32);
      IntVector two = load(upper);
      store(first, two.lanewise(VectorOperators.LSHL, 4), numbers);
      store(second, two.lanewise(VectorOperators.LSHL, 2), numbers + 32);
      store(first.lanewise(VectorOperators.LSHR, 4), two, numbers + 64);
      store(
          second.lanewise(VectorOperators.LSHR, 4),
          two.lanewise(VectorOperators.LSHR, 2),
          numbers + 96);
    }

    private static IntVector load(long address) {
      return IntVector.fromMemorySegment(
          IntVector.SPECIES_256, NativeMemory.ALL, address, ByteOrder.LITTLE_ENDIAN);
    }

    private static void store(IntVector lower, IntVector upper, long address) {
      lower
          .and(FOUR)
          .or(upper.and(UPPER_TWO))
          .reinterpretAsBytes()
          .sub(HALF)
          .intoMemorySegment(NativeMemory.ALL, address, ByteOrder.LITTLE_ENDIAN);
    }
  }
}
