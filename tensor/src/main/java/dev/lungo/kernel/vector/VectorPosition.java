package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.Lanes.LENGTH;
import static dev.lungo.kernel.vector.Lanes.SPECIES;
import static dev.lungo.kernel.vector.Lanes.load;
import static dev.lungo.kernel.vector.Lanes.store;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.PositionKernels;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/// Rotary positions. Halves are turned vector against vector; of interleaved pairs, each lane takes
/// its neighbour.
final class VectorPosition implements PositionKernels {
  private final Parallel parallel;

  VectorPosition(Parallel parallel) {
    this.parallel = parallel;
  }

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
    float direction = inverse ? -1 : 1;
    parallel.forRange(
        rows,
        Blocks.rows(heads * headDim),
        (from, to) -> {
          for (int r = from; r < to; r++) {
            long angles = (long) (start + r % length) * pairs;
            for (int h = 0; h < heads; h++) {
              long head = ((long) r * heads + h) * headDim;
              switch (layout) {
                case HALVES ->
                    rotateHalves(x, out, head, cosine, sine, angles, pairs, direction, accumulate);
                case INTERLEAVED ->
                    rotateInterleaved(
                        x, out, head, cosine, sine, angles, pairs, direction, accumulate);
              }
              for (long i = head + turned; i < head + headDim; i++) {
                put(x.getAtIndex(JAVA_FLOAT_UNALIGNED, i), out, i, accumulate);
              }
            }
          }
        });
  }

  private static void rotateHalves(
      MemorySegment x,
      MemorySegment out,
      long head,
      MemorySegment cosine,
      MemorySegment sine,
      long angles,
      int pairs,
      float direction,
      boolean accumulate) {
    int i = 0;
    for (; i <= pairs - LENGTH; i += LENGTH) {
      FloatVector cos = load(cosine, angles + i);
      FloatVector sin = load(sine, angles + i).mul(direction);
      FloatVector a = load(x, head + i);
      FloatVector b = load(x, head + pairs + i);
      TurnLanes.put(a.mul(cos).sub(b.mul(sin)), out, head + i, accumulate);
      TurnLanes.put(a.mul(sin).add(b.mul(cos)), out, head + pairs + i, accumulate);
    }
    for (; i < pairs; i++) {
      rotatePair(
          x, out, head + i, head + pairs + i, cosine, sine, angles + i, direction, accumulate);
    }
  }

  private static void rotateInterleaved(
      MemorySegment x,
      MemorySegment out,
      long head,
      MemorySegment cosine,
      MemorySegment sine,
      long angles,
      int pairs,
      float direction,
      boolean accumulate) {
    int i = 0;
    for (; i <= pairs - LENGTH; i += LENGTH) {
      FloatVector cos = load(cosine, angles + i);
      FloatVector sin = load(sine, angles + i).mul(direction);
      FloatVector first = load(x, head + 2L * i);
      FloatVector second = load(x, head + 2L * i + LENGTH);
      TurnLanes.put(
          TurnLanes.turn(
              first, cos.rearrange(TurnLanes.FIRST_PAIRS), sin.rearrange(TurnLanes.FIRST_PAIRS)),
          out,
          head + 2L * i,
          accumulate);
      TurnLanes.put(
          TurnLanes.turn(
              second, cos.rearrange(TurnLanes.SECOND_PAIRS), sin.rearrange(TurnLanes.SECOND_PAIRS)),
          out,
          head + 2L * i + LENGTH,
          accumulate);
    }
    for (; i < pairs; i++) {
      rotatePair(
          x,
          out,
          head + 2L * i,
          head + 2L * i + 1,
          cosine,
          sine,
          angles + i,
          direction,
          accumulate);
    }
  }

  private static void rotatePair(
      MemorySegment x,
      MemorySegment out,
      long first,
      long second,
      MemorySegment cosine,
      MemorySegment sine,
      long angle,
      float direction,
      boolean accumulate) {
    float cos = cosine.getAtIndex(JAVA_FLOAT_UNALIGNED, angle);
    float sin = sine.getAtIndex(JAVA_FLOAT_UNALIGNED, angle) * direction;
    float a = x.getAtIndex(JAVA_FLOAT_UNALIGNED, first);
    float b = x.getAtIndex(JAVA_FLOAT_UNALIGNED, second);
    put(a * cos - b * sin, out, first, accumulate);
    put(a * sin + b * cos, out, second, accumulate);
  }

  private static void put(float value, MemorySegment out, long index, boolean accumulate) {
    out.setAtIndex(
        JAVA_FLOAT_UNALIGNED,
        index,
        accumulate ? out.getAtIndex(JAVA_FLOAT_UNALIGNED, index) + value : value);
  }

  private static final class TurnLanes {
    /// Lane 2i takes lane 2i + 1 and the reverse.
    private static final VectorShuffle<Float> NEIGHBOUR =
        VectorShuffle.fromOp(SPECIES, lane -> lane ^ 1);

    /// Lanes 2i and 2i + 1 take the angle of pair i, of the first half of a vector of angles or of
    /// the second.
    static final VectorShuffle<Float> FIRST_PAIRS = VectorShuffle.fromOp(SPECIES, lane -> lane / 2);

    static final VectorShuffle<Float> SECOND_PAIRS =
        VectorShuffle.fromOp(SPECIES, lane -> LENGTH / 2 + lane / 2);

    /// a·cos - b·sin in even lanes, b·cos + a·sin in odd ones.
    private static final FloatVector SIGNS = signs();

    private static FloatVector signs() {
      float[] signs = new float[LENGTH];
      for (int lane = 0; lane < LENGTH; lane++) {
        signs[lane] = lane % 2 == 0 ? -1 : 1;
      }
      return FloatVector.fromArray(SPECIES, signs, 0);
    }

    static FloatVector turn(FloatVector pairs, FloatVector cos, FloatVector sin) {
      return pairs.mul(cos).add(pairs.rearrange(NEIGHBOUR).mul(sin).mul(SIGNS));
    }

    static void put(FloatVector value, MemorySegment out, long index, boolean accumulate) {
      store(accumulate ? load(out, index).add(value) : value, out, index);
    }
  }
}
