package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.LANES;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.MemoryInUse;
import dev.lungo.quant.BlockFormat;
import dev.lungo.quant.BrainFloat16;
import dev.lungo.quant.Float16;
import dev.lungo.quant.Q4_0;
import dev.lungo.quant.Q4_K;
import dev.lungo.quant.Q5_0;
import dev.lungo.quant.Q6_K;
import dev.lungo.quant.Q8_0;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Dot products of stored rows of weights with floats, without decoding the rows first: one class a
/// format.
///
/// Within a block the stored integers are multiplied as they are; the block's scale is applied once
/// to what comes of them, and what the format adds to every number is multiplied with sums of x.
/// Each format takes x in a form of its own, its *input*, which is made once for all rows. Each has
/// its loop over a row, too: one loop for all would pass vectors through a call that depends on the
/// format, and each of them would become an object.
interface BlockDots {
  /// How far ahead one number is read from each page: the processor's own fetching ahead ends with
  /// a page, and finds the next one warm.
  int PAGE = 4096;

  /// Returns how many floats the input of `count` values of x has.
  default int inputLength(int count) {
    return count;
  }

  /// Makes the input of a row, `count` values from `x[from]` on, whole blocks: x as it is, if the
  /// format wants nothing else.
  default void prepare(float[] x, int from, int count, float[] input, int at) {
    System.arraycopy(x, from, input, at, count);
  }

  /// Leaves the lanes' sums of a row's product at `lanes[at]`. Weights, input and room to unpack
  /// them in, a float for each 16 weights and a byte for each one, are given by their addresses
  /// ([NativeMemory]).
  void row(long weights, long input, int blocks, long room, float[] lanes, int at);

  /// Returns the dot products with rows of a format, where it has some.
  static Optional<BlockDots> of(BlockFormat format) {
    if (LANES != 8 && LANES != 16) {
      return Optional.empty();
    }
    return switch (format) {
      case Q8_0 _ -> Optional.of(Q8_0Dots.DOTS);
      case Q4_0 _ -> Optional.of(Q4_0Dots.DOTS);
      case Q5_0 _ -> Optional.of(Q5_0Dots.DOTS);
      case Q4_K _ -> Optional.of(Q4_KDots.DOTS);
      case Q6_K _ -> Optional.of(Q6_KDots.DOTS);
      case BrainFloat16 _ -> Optional.of(BrainFloat16Dots.DOTS);
      case Float16 _ -> Optional.of(Float16Dots.DOTS);
      default -> Optional.empty();
    };
  }

  /// What one thread works in; kept, so that a call makes no garbage.
  final class Scratch {
    private final float[] lanes = new float[LaneSums.ROWS * LANES];
    private final AlignedMemory room = new AlignedMemory();

    /// Sums of what was read ahead, kept so that the compiler does not leave the reads out.
    private int readAhead;
  }

  /// Computes y[at + r], the dot products of `k` values of x with `rows` stored rows that follow
  /// each other from byte `offset`.
  ///
  /// @param input the address of x in the format's own form, at the start of a cache line
  default void rows(
      BlockFormat format,
      MemorySegment weights,
      long offset,
      int rows,
      long input,
      int k,
      Scratch scratch,
      float[] y,
      int at) {
    long rowBytes = format.bytes(k);
    int blocks = k / format.blockElements();
    long first = MemoryInUse.address(weights, offset, rows * rowBytes);
    long room = scratch.room.atLeast(k / 16 * Float.BYTES + k).address();
    long last = first + rows * rowBytes - Integer.BYTES;
    long ahead = first + PAGE;
    for (int row = 0; row < rows; row += LaneSums.ROWS) {
      int count = Math.min(LaneSums.ROWS, rows - row);
      for (int i = 0; i < count; i++) {
        long from = first + (row + i) * rowBytes;
        if (from + PAGE >= ahead && ahead <= last) {
          scratch.readAhead += NativeMemory.getInt(NativeMemory.within(ahead));
          ahead += PAGE;
        }
        row(from, input, blocks, room, scratch.lanes, i * LANES);
      }
      LaneSums.of(scratch.lanes, y, at + row, count);
    }
  }
}
