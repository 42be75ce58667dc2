package dev.lungo.kernel.vector;

import static dev.lungo.kernel.DropoutMask.FIRST_MULTIPLIER;
import static dev.lungo.kernel.DropoutMask.SECOND_MULTIPLIER;
import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;

import dev.lungo.kernel.DropoutMask;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Applies a [DropoutMask], bit for bit the one that it defines.
final class VectorDropout {
  private static final VectorSpecies<Integer> INTS = Lanes.SPECIES.withLanes(int.class);

  private final DropoutMask mask;

  VectorDropout(float dropProbability, long seed) {
    mask = new DropoutMask(dropProbability, seed);
  }

  /// Drops within [from, to), which does not straddle a multiple of 2³².
  void apply(MemorySegment x, MemorySegment out, long from, long to, boolean accumulate) {
    long keys = mask.keys(from);
    IntVector firstKey = IntVector.broadcast(INTS, (int) keys);
    IntVector secondKey = IntVector.broadcast(INTS, (int) (keys >>> 32));
    IntVector threshold = IntVector.broadcast(INTS, mask.threshold());
    float factor = mask.factor();
    long i = from;
    for (; i <= to - LENGTH; i += LENGTH) {
      VectorMask<Float> kept = MaskLanes.kept(i, firstKey, secondKey, threshold);
      FloatVector value = Lanes.zero().blend(load(x, i).mul(factor), kept);
      store(accumulate ? load(out, i).add(value) : value, out, i);
    }
    if (i < to) {
      VectorMask<Float> tail = Lanes.first(to - i);
      VectorMask<Float> kept = MaskLanes.kept(i, firstKey, secondKey, threshold);
      FloatVector value = Lanes.zero().blend(load(x, i, tail).mul(factor), kept);
      store(accumulate ? load(out, i, tail).add(value) : value, out, i, tail);
    }
  }

  /// Which lanes are kept.
  private static final class MaskLanes {
    private static final IntVector FIRST = IntVector.broadcast(INTS, FIRST_MULTIPLIER);
    private static final IntVector SECOND = IntVector.broadcast(INTS, SECOND_MULTIPLIER);
    private static final IntVector LANES = IntVector.zero(INTS).addIndex(1);

    static VectorMask<Float> kept(
        long index, IntVector firstKey, IntVector secondKey, IntVector threshold) {
      IntVector hash = LANES.add((int) index).lanewise(VectorOperators.XOR, firstKey);
      hash = mix(mix(hash).lanewise(VectorOperators.XOR, secondKey));
      return hash.compare(VectorOperators.UGE, threshold).cast(Lanes.SPECIES);
    }

    static IntVector mix(IntVector hash) {
      return shiftXor(shiftXor(shiftXor(hash, 16).mul(FIRST), 13).mul(SECOND), 16);
    }

    static IntVector shiftXor(IntVector hash, int bits) {
      return hash.lanewise(VectorOperators.XOR, hash.lanewise(VectorOperators.LSHR, bits));
    }
  }
}
