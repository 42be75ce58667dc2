package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;

import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q4_K;
import dev.lungo.quant.Q5_0;
import dev.lungo.quant.Q6_K;
import dev.lungo.quant.Q8_0;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/// Dot products of stored rows of weights with floats, without decoding the rows first: one class a
/// format.
///
/// Within a block the stored integers are multiplied as they are; the block's scale is applied once
/// to what comes of them, and what the format adds to every number is taken from a sum of x.
final class BlockDots {
  /// Numbers whose sums of x are known.
  static final int BLOCK = 32;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private BlockDots() {}

  /// A row of x.
  ///
  /// @param from where it starts in `values`, a multiple of [#BLOCK]
  /// @param sums of each [#BLOCK] values
  record Input(float[] values, int from, int length, float[] sums) {
    /// Describes `rows` rows of `length` floats, which all share these arrays.
    static Input[] rows(float[] values, int rows, int length, float[] sums, Scratch scratch) {
      for (int z = 0; z < rows * length / BLOCK; z++) {
        FloatVector sum = Lanes.get(values, z * BLOCK);
        for (int i = LANES; i < BLOCK; i += LANES) {
          sum = sum.add(Lanes.get(values, z * BLOCK + i));
        }
        sums[z] = Lanes.sum(sum, scratch.lanes);
      }
      Input[] inputs = new Input[rows];
      for (int row = 0; row < rows; row++) {
        inputs[row] = new Input(values, row * length, length, sums);
      }
      return inputs;
    }
  }

  /// What one thread works in; kept, so that a call makes no garbage.
  static final class Scratch {
    /// The lanes of a row's dot product, before they are summed.
    final float[] lanes = new float[LANES];

    /// The scales of a row, unpacked.
    float[] scales = new float[0];

    byte[] packed = new byte[0];

    void reserve(int length) {
      if (scales.length < length) {
        scales = new float[length];
        packed = new byte[2 * length];
      }
    }
  }

  /// Says whether rows of this format are multiplied as they are stored.
  static boolean have(BlockFormat format) {
    return (LANES == 8 || LANES == 16)
        && switch (format) {
          case Q8_0 _, Q4_0 _, Q5_0 _, Q4_K _, Q6_K _ -> true;
          default -> false;
        };
  }

  /// Computes y[at + r], the dot products of x with `rows` stored rows that follow each other from
  /// byte `offset`.
  static void rows(
      BlockFormat format,
      MemorySegment weights,
      long offset,
      int rows,
      Input x,
      Scratch scratch,
      float[] y,
      int at) {
    switch (format) {
      case Q8_0 _ -> Q8_0Dots.rows(weights, offset, rows, x, scratch, y, at);
      case Q4_0 _ -> Q4_0Dots.rows(weights, offset, rows, x, scratch, y, at);
      case Q5_0 _ -> Q5_0Dots.rows(weights, offset, rows, x, scratch, y, at);
      case Q4_K _ -> Q4_KDots.rows(weights, offset, rows, x, scratch, y, at);
      case Q6_K _ -> Q6_KDots.rows(weights, offset, rows, x, scratch, y, at);
      default -> throw new IllegalArgumentException(format + " has to be decoded first");
    }
  }

  static float half(MemorySegment weights, long offset) {
    return Float.float16ToFloat(Lanes.natively(weights).get(SHORT, offset));
  }
}
