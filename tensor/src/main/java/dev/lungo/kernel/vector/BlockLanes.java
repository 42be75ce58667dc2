package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;
import static dev.lungo.kernel.vector.RegisterTile.SPECIES;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// The stored integers of blocks as vectors of floats. Addresses are those of [NativeMemory].
final class BlockLanes {
  private static final VectorSpecies<Byte> BYTES =
      LANES == 16 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  static final VectorSpecies<Integer> INTS =
      LANES == 16 ? IntVector.SPECIES_512 : IntVector.SPECIES_256;

  private static final VectorSpecies<Short> SHORTS =
      LANES == 16 ? ShortVector.SPECIES_256 : ShortVector.SPECIES_128;

  private static final FloatVector HALF_UNIT = Lanes.constant(0x1p112);
  private static final IntVector HALF_INFINITY = IntVector.broadcast(INTS, 0x7c00 << 13);
  private static final IntVector INFINITY = IntVector.broadcast(INTS, 0x7f800000);
  private static final IntVector SIXTEEN = IntVector.broadcast(INTS, 16);

  private BlockLanes() {}

  /// Loads signed bytes, one a lane, as floats.
  static FloatVector signed(long address) {
    return (FloatVector) bytes(address).castShape(SPECIES, 0);
  }

  /// Loads unsigned bytes, one a lane.
  static IntVector unsigned(long address) {
    return (IntVector) bytes(address).convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
  }

  private static ByteVector bytes(long address) {
    return ByteVector.fromMemorySegment(BYTES, NativeMemory.ALL, address, ByteOrder.LITTLE_ENDIAN);
  }

  /// Loads numbers of 16 bits that are the upper half of a float.
  static FloatVector brainFloats(long address) {
    return shorts(address).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /// Loads half-precision numbers.
  ///
  /// Their exponent moves from bit 10 to bit 23 and is then 112 too small, which one multiplication
  /// repairs, exactly; the largest exponent means infinity, or no number.
  static FloatVector halfFloats(long address) {
    IntVector bits = shorts(address);
    IntVector size = bits.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
    IntVector finite = size.reinterpretAsFloats().mul(HALF_UNIT).reinterpretAsInts();
    VectorMask<Integer> infinite = size.compare(VectorOperators.GE, HALF_INFINITY);
    IntVector sign = bits.and(0x8000).lanewise(VectorOperators.LSHL, 16);
    return finite.blend(size.or(INFINITY), infinite).or(sign).reinterpretAsFloats();
  }

  private static IntVector shorts(long address) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, NativeMemory.ALL, address, ByteOrder.LITTLE_ENDIAN)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
  }

  /// Loads one half-precision number into all lanes.
  static FloatVector halves(long address) {
    return FloatVector.broadcast(SPECIES, NativeMemory.half(address));
  }

  /// Returns the lower four bits of bytes.
  static FloatVector low(IntVector bytes) {
    return toFloats(bytes.and(15));
  }

  /// Returns the upper four bits of bytes.
  static FloatVector high(IntVector bytes) {
    return toFloats(bytes.lanewise(VectorOperators.LSHR, 4));
  }

  /// Adds 16 to what has four bits, where a bit of `fifth` is set, the lowest for the first lane.
  static IntVector withFifth(IntVector fours, int fifth) {
    return fours.lanewise(VectorOperators.OR, SIXTEEN, VectorMask.fromLong(INTS, fifth));
  }

  static FloatVector toFloats(IntVector numbers) {
    return (FloatVector) numbers.castShape(SPECIES, 0);
  }

  /// Returns the eight unsigned bytes of a number, the lowest first, as floats.
  static FloatVector eight(long bytes) {
    IntVector numbers =
        (IntVector)
            LongVector.broadcast(LongVector.SPECIES_128, bytes)
                .reinterpretAsBytes()
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_256, 0);
    return (FloatVector) numbers.castShape(FloatVector.SPECIES_256, 0);
  }
}
