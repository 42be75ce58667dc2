package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q8_0;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Dot products of a stored row of weights with floats, without decoding the row first.
///
/// Within a block the integers are multiplied as they are; the block's scale is applied once to
/// what comes of them.
final class BlockDots {
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_64;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
  private static final int BLOCK = 32;

  private BlockDots() {}

  /// Says whether rows of this format are multiplied as they are stored.
  static boolean have(BlockFormat format) {
    return LANES == 8 && (format instanceof Q8_0 || format instanceof Q4_0);
  }

  /// Returns the dot product of `k` stored numbers with x.
  ///
  /// @param lanes room for a vector
  static float dot(
      BlockFormat format,
      MemorySegment weights,
      long offset,
      float[] x,
      int from,
      int k,
      float[] lanes) {
    FloatVector sum =
        format instanceof Q8_0
            ? dotQ8_0(weights, offset, x, from, k)
            : dotQ4_0(weights, offset, x, from, k);
    sum.intoArray(lanes, 0);
    return RowDots.total(lanes, 0);
  }

  private static FloatVector dotQ8_0(
      MemorySegment weights, long offset, float[] x, int from, int k) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int end = from + k;
    for (int at = from; at < end; at += BLOCK, offset += 34) {
      FloatVector block = signed(weights, offset + 2).mul(floats(x, at));
      block = signed(weights, offset + 10).fma(floats(x, at + 8), block);
      block = signed(weights, offset + 18).fma(floats(x, at + 16), block);
      block = signed(weights, offset + 26).fma(floats(x, at + 24), block);
      sum = block.fma(FloatVector.broadcast(SPECIES, scale(weights, offset)), sum);
    }
    return sum;
  }

  private static FloatVector dotQ4_0(
      MemorySegment weights, long offset, float[] x, int from, int k) {
    FloatVector sum = FloatVector.zero(SPECIES);
    int end = from + k;
    for (int at = from; at < end; at += BLOCK, offset += 18) {
      IntVector first = ints(weights, offset + 2);
      IntVector second = ints(weights, offset + 10);
      FloatVector block = low(first).mul(floats(x, at));
      block = low(second).fma(floats(x, at + 8), block);
      block = high(first).fma(floats(x, at + 16), block);
      block = high(second).fma(floats(x, at + 24), block);
      sum = block.fma(FloatVector.broadcast(SPECIES, scale(weights, offset)), sum);
    }
    return sum;
  }

  private static float scale(MemorySegment weights, long offset) {
    return Float.float16ToFloat(weights.get(ValueLayout.JAVA_SHORT_UNALIGNED, offset));
  }

  private static FloatVector floats(float[] x, int at) {
    return FloatVector.fromArray(SPECIES, x, at);
  }

  private static FloatVector signed(MemorySegment weights, long offset) {
    return (FloatVector)
        ByteVector.fromMemorySegment(BYTES, weights, offset, ByteOrder.LITTLE_ENDIAN)
            .castShape(SPECIES, 0);
  }

  private static IntVector ints(MemorySegment weights, long offset) {
    return (IntVector)
        ByteVector.fromMemorySegment(BYTES, weights, offset, ByteOrder.LITTLE_ENDIAN)
            .castShape(INTS, 0);
  }

  private static FloatVector low(IntVector pairs) {
    return (FloatVector) pairs.and(15).sub(8).castShape(SPECIES, 0);
  }

  private static FloatVector high(IntVector pairs) {
    return (FloatVector)
        pairs.lanewise(VectorOperators.LSHR, 4).and(15).sub(8).castShape(SPECIES, 0);
  }
}
