package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Dot products with rows of Q4_K ([dev.lungo.quant.Q4_K]). The scales and minima of a row are
/// unpacked first, eight at a time; minima are multiplied with sums of x.
final class Q4_KDots {
  private static final int BLOCK_BYTES = 144;
  private static final int SUB_BLOCKS = 8;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Q4_KDots() {}

  /// Computes y[at + r] for `rows` rows that follow each other from byte `offset`.
  static void rows(
      MemorySegment weights,
      long offset,
      int rows,
      BlockDots.Input x,
      BlockDots.Scratch scratch,
      float[] y,
      int at) {
    int blocks = x.length() / 256;
    scratch.reserve(SUB_BLOCKS * blocks);
    for (int row = 0; row < rows; row++, offset += blocks * (long) BLOCK_BYTES) {
      unpack(weights, offset, blocks, scratch.packed);
      float minima = scale(weights, offset, blocks, scratch, x.sums(), x.from() / BlockDots.BLOCK);
      y[at + row] =
          row(weights, offset, x.values(), x.from(), x.length(), scratch.scales, scratch.lanes)
              - minima;
    }
  }

  /// Unpacks six-bit numbers: for each block a long of eight scales and one of eight minima, a byte
  /// each. [dev.lungo.quant.SubBlockScales] has the layout.
  private static void unpack(MemorySegment weights, long offset, int blocks, byte[] packed) {
    for (int b = 0; b < blocks; b++, offset += BLOCK_BYTES) {
      int scales = Lanes.natively(weights).get(INT, offset + 4);
      int minima = Lanes.natively(weights).get(INT, offset + 8);
      int rest = Lanes.natively(weights).get(INT, offset + 12);
      int upperScales = rest & 0x0f0f0f0f | (scales >>> 6 & 0x03030303) << 4;
      int upperMinima = rest >>> 4 & 0x0f0f0f0f | (minima >>> 6 & 0x03030303) << 4;
      LONG.set(packed, 16 * b, (long) upperScales << 32 | scales & 0x3f3f3f3f);
      LONG.set(packed, 16 * b + 8, (long) upperMinima << 32 | minima & 0x3f3f3f3f);
    }
  }

  /// Multiplies the unpacked scales with their blocks' and returns Σ minimum · sum of x.
  private static float scale(
      MemorySegment weights,
      long offset,
      int blocks,
      BlockDots.Scratch scratch,
      float[] sums,
      int sum) {
    FloatVector minima = FloatVector.zero(FloatVector.SPECIES_256);
    for (int b = 0; b < blocks; b++, offset += BLOCK_BYTES, sum += SUB_BLOCKS) {
      BlockLanes.eight(scratch.packed, 16 * b)
          .mul(BlockDots.half(weights, offset))
          .intoArray(scratch.scales, SUB_BLOCKS * b);
      FloatVector x = FloatVector.fromArray(FloatVector.SPECIES_256, sums, sum);
      FloatVector scale =
          FloatVector.broadcast(FloatVector.SPECIES_256, BlockDots.half(weights, offset + 2));
      minima = BlockLanes.eight(scratch.packed, 16 * b + 8).mul(x).fma(scale, minima);
    }
    float total = 0;
    for (int i = 0; i < SUB_BLOCKS; i++) {
      total += minima.lane(i);
    }
    return total;
  }

  /// Computes one dot product, without minima: of each 32 bytes, the lower halves are one
  /// sub-block, the upper halves the next.
  private static float row(
      MemorySegment weights,
      long offset,
      float[] x,
      int from,
      int k,
      float[] scales,
      float[] lanes) {
    FloatVector lows = FloatVector.zero(SPECIES);
    FloatVector highs = lows;
    for (int i = 0; i < k; i += 64) {
      long bytes = offset + (i >> 8) * (long) BLOCK_BYTES + 16 + (i >> 1 & 127);
      int at = from + i;
      IntVector pairs = BlockLanes.unsigned(weights, bytes);
      FloatVector low = BlockLanes.low(pairs).mul(Lanes.get(x, at));
      FloatVector high = BlockLanes.high(pairs).mul(Lanes.get(x, at + 32));
      pairs = BlockLanes.unsigned(weights, bytes + LANES);
      low = BlockLanes.low(pairs).fma(Lanes.get(x, at + LANES), low);
      high = BlockLanes.high(pairs).fma(Lanes.get(x, at + 32 + LANES), high);
      if (LANES == 8) {
        pairs = BlockLanes.unsigned(weights, bytes + 16);
        low = BlockLanes.low(pairs).fma(Lanes.get(x, at + 16), low);
        high = BlockLanes.high(pairs).fma(Lanes.get(x, at + 48), high);
        pairs = BlockLanes.unsigned(weights, bytes + 24);
        low = BlockLanes.low(pairs).fma(Lanes.get(x, at + 24), low);
        high = BlockLanes.high(pairs).fma(Lanes.get(x, at + 56), high);
      }
      lows = low.fma(FloatVector.broadcast(SPECIES, scales[i >> 5]), lows);
      highs = high.fma(FloatVector.broadcast(SPECIES, scales[(i >> 5) + 1]), highs);
    }
    return Lanes.sum(lows.add(highs), lanes);
  }
}
