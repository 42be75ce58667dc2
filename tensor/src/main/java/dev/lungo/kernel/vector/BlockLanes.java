package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The stored integers of blocks as vectors of floats.
final class BlockLanes {
  private static final VectorSpecies<Byte> BYTES =
      LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  static final VectorSpecies<Integer> INTS =
      LANES == 16 ? IntVector.SPECIES_512 : IntVector.SPECIES_256;

  private BlockLanes() {}

  /// Loads signed bytes, one a lane, as floats.
  static FloatVector signed(MemorySegment weights, long offset) {
    return (FloatVector) bytes(weights, offset).castShape(SPECIES, 0);
  }

  /// Loads unsigned bytes, one a lane.
  static IntVector unsigned(MemorySegment weights, long offset) {
    return (IntVector)
        bytes(weights, offset).convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
  }

  private static ByteVector bytes(MemorySegment weights, long offset) {
    return ByteVector.fromMemorySegment(
        BYTES, Lanes.natively(weights), offset, ByteOrder.LITTLE_ENDIAN);
  }

  /// Returns the lower four bits of bytes.
  static FloatVector low(IntVector bytes) {
    return toFloats(bytes.and(15));
  }

  /// Returns the upper four bits of bytes.
  static FloatVector high(IntVector bytes) {
    return toFloats(bytes.lanewise(VectorOperators.LSHR, 4));
  }

  static FloatVector toFloats(IntVector numbers) {
    return (FloatVector) numbers.castShape(SPECIES, 0);
  }

  /// Returns eight unsigned bytes as floats.
  static FloatVector eight(byte[] packed, int at) {
    IntVector numbers =
        (IntVector)
            ByteVector.fromArray(ByteVector.SPECIES_64, packed, at)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_256, 0);
    return (FloatVector) numbers.castShape(FloatVector.SPECIES_256, 0);
  }
}
