package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import dev.lungo.kernel.MemoryInUse;
import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.BrainFloat16;
import dev.lungo.quant.Float16;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q4_K;
import dev.lungo.quant.Q5_0;
import dev.lungo.quant.Q8_0;
import dev.lungo.quant.SubBlockScales;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Decodes rows of the formats that are used most by vectors, and of the others by their own
/// classes, to the same bits.
final class BlockDecoding {
  private static final FloatVector EIGHT = Lanes.constant(8);
  private static final FloatVector SIXTEEN = Lanes.constant(16);

  private BlockDecoding() {}

  /// Decodes `count` numbers, whole blocks, from byte `offset`.
  static void decode(
      BlockFormat format, MemorySegment weights, long offset, float[] into, int at, int count) {
    if (LANES != 8 && LANES != 16) {
      format.decode(weights, offset, into, at, count);
      return;
    }
    long address = MemoryInUse.address(weights, offset, format.bytes(count));
    switch (format) {
      case Q8_0 _ -> decodeQ8_0(address, into, at, count);
      case Q4_0 _ -> decodeQ4_0(address, into, at, count);
      case Q5_0 _ -> decodeQ5_0(address, into, at, count);
      case Q4_K _ -> decodeQ4_K(weights, offset, address, into, at, count);
      case BrainFloat16 _ -> decodeBrainFloat16(address, into, at, count);
      case Float16 _ -> decodeFloat16(address, into, at, count);
      default -> format.decode(weights, offset, into, at, count);
    }
  }

  private static void decodeBrainFloat16(long address, float[] into, int at, int count) {
    int i = 0;
    for (; i <= count - LANES; i += LANES) {
      BlockLanes.brainFloats(NativeMemory.within(address + 2L * i)).intoArray(into, at + i);
    }
    for (; i < count; i++) {
      into[at + i] = NativeMemory.brainFloat(NativeMemory.within(address + 2L * i));
    }
  }

  private static void decodeFloat16(long address, float[] into, int at, int count) {
    int i = 0;
    for (; i <= count - LANES; i += LANES) {
      BlockLanes.halfFloats(NativeMemory.within(address + 2L * i)).intoArray(into, at + i);
    }
    for (; i < count; i++) {
      into[at + i] = NativeMemory.half(NativeMemory.within(address + 2L * i));
    }
  }

  private static void decodeQ8_0(long address, float[] into, int at, int count) {
    Objects.checkFromIndexSize(at, count, into.length);
    for (int z = 0; z < count / 32; z++) {
      long w = NativeMemory.within(address + z * 34L);
      FloatVector scale = BlockLanes.halves(w);
      for (int j = 0; j < 32; j += LANES) {
        BlockLanes.signed(w + 2 + j).mul(scale).intoArray(into, at + 32 * z + j);
      }
    }
  }

  private static void decodeQ4_0(long address, float[] into, int at, int count) {
    Objects.checkFromIndexSize(at, count, into.length);
    for (int z = 0; z < count / 32; z++) {
      long w = NativeMemory.within(address + z * 18L);
      FloatVector scale = BlockLanes.halves(w);
      for (int j = 0; j < 16; j += LANES) {
        IntVector pairs = BlockLanes.unsigned(w + 2 + j);
        int to = at + 32 * z + j;
        BlockLanes.low(pairs).sub(EIGHT).mul(scale).intoArray(into, to);
        BlockLanes.high(pairs).sub(EIGHT).mul(scale).intoArray(into, to + 16);
      }
    }
  }

  private static void decodeQ5_0(long address, float[] into, int at, int count) {
    Objects.checkFromIndexSize(at, count, into.length);
    for (int z = 0; z < count / 32; z++) {
      long w = NativeMemory.within(address + z * 22L);
      FloatVector scale = BlockLanes.halves(w);
      int fifth = NativeMemory.getInt(w + 2);
      for (int j = 0; j < 16; j += LANES) {
        IntVector pairs = BlockLanes.unsigned(w + 6 + j);
        IntVector upper = pairs.lanewise(VectorOperators.LSHR, 4);
        IntVector low = BlockLanes.withFifth(pairs.and(15), fifth >>> j);
        IntVector high = BlockLanes.withFifth(upper, fifth >>> (16 + j));
        int to = at + 32 * z + j;
        BlockLanes.toFloats(low).sub(SIXTEEN).mul(scale).intoArray(into, to);
        BlockLanes.toFloats(high).sub(SIXTEEN).mul(scale).intoArray(into, to + 16);
      }
    }
  }

  private static void decodeQ4_K(
      MemorySegment weights, long offset, long address, float[] into, int at, int count) {
    for (int i = 0; i < count; i += 256, offset += 144, address += 144) {
      long w = NativeMemory.within(address);
      float scale = NativeMemory.half(w);
      float minimum = NativeMemory.half(w + 2);
      for (int sub = 0; sub < 8; sub += 2) {
        FloatVector lowScale =
            FloatVector.broadcast(SPECIES, scale * SubBlockScales.scale(weights, offset + 4, sub));
        FloatVector lowMinimum =
            FloatVector.broadcast(
                SPECIES, minimum * SubBlockScales.minimum(weights, offset + 4, sub));
        FloatVector highScale =
            FloatVector.broadcast(
                SPECIES, scale * SubBlockScales.scale(weights, offset + 4, sub + 1));
        FloatVector highMinimum =
            FloatVector.broadcast(
                SPECIES, minimum * SubBlockScales.minimum(weights, offset + 4, sub + 1));
        int to = at + i + 32 * sub;
        for (int j = 0; j < 32; j += LANES, to += LANES) {
          IntVector pairs = BlockLanes.unsigned(w + 16 + 16 * sub + j);
          BlockLanes.low(pairs).mul(lowScale).sub(lowMinimum).intoArray(into, to);
          BlockLanes.high(pairs).mul(highScale).sub(highMinimum).intoArray(into, to + 32);
        }
      }
    }
  }
}
