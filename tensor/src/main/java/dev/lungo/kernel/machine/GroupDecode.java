package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Attention of a few queries whose many heads share keys and values: 16 heads, one a lane, meet
/// keys where they are stored. That is [GroupDecodeCode]; with AVX2, [ForwardCode], whose panels
/// have as many columns. Belongs to one thread.
///
/// Blocks of keys do not depend on how many queries come together, and so do no query's bits.
final class GroupDecode {
  private static final int MOST_KEYS = 128;
  private static final int LANES = GroupDecodeCode.SIDE;
  private static final int BLOCKS_OF_A_STRETCH = 32;

  private static final float NO_REFERENCE = -0x1p100f;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // The numbers at the start of this thread's memory.
  private static final int LIMITS = 0;
  private static final int SCORES = 64;
  private static final int MASKS = SCORES + MOST_KEYS * GroupDecodeCode.ROW_BYTES;
  private static final int STATE = MASKS + MOST_KEYS * Long.BYTES;
  private static final int QUERIES = STATE + 3 * GroupDecodeCode.ROW_BYTES;

  /// A long that names the eight lanes of each of two vectors.
  private static final long ALL_LANES = 0xff_0000_00ffL;

  /// @param rowBytes what lies between two keys
  private record Form(VectorUnit unit, int headDim, int rowBytes) {
    MachineFunction code() {
      return MachineFunction.of(
          unit == VectorUnit.AVX512
              ? GroupDecodeCode.of(headDim, rowBytes)
              : ForwardCode.inPlace(unit, headDim, rowBytes));
    }
  }

  private static final Map<Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final VectorUnit unit;
  private final PanelMoves moves;

  /// Keys that meet the heads at once, and those of a call of the code.
  private final int together;

  private final int block;
  private MemorySegment own = MemorySegment.NULL;
  private int headDim;

  // Of 16 heads.
  private float[] rows = new float[0];
  private float[] columns = new float[0];

  GroupDecode(VectorUnit unit) {
    this.unit = unit;
    this.moves = new PanelMoves(unit);
    this.together = together(unit);
    this.block = block(unit);
  }

  private static int together(VectorUnit unit) {
    return unit == VectorUnit.AVX512 ? GroupDecodeCode.SIDE : unit.tileRows();
  }

  private static int block(VectorUnit unit) {
    return MOST_KEYS / together(unit) * together(unit);
  }

  /// Returns the keys of a stretch ([dev.lungo.kernel.AttentionStretches]).
  static int stretch(VectorUnit unit) {
    return BLOCKS_OF_A_STRETCH * block(unit);
  }

  static boolean serves(AttentionShape shape, VectorUnit unit) {
    // With so many heads, lanes that have none cost less than reading keys again does.
    int fewest = unit == VectorUnit.AVX512 ? 9 : 8;
    long rowBytes = (long) shape.kvHeads() * shape.headDim() * Float.BYTES;
    return shape.group() >= fewest && rowBytes * LANES <= Integer.MAX_VALUE;
  }

  /// Attends to the keys of one stretch, and leaves what that comes to in `results` from `at` on.
  void attend(
      AttentionShape shape,
      int batch,
      int kvHead,
      int stretch,
      MemorySegment q,
      long k,
      long v,
      float[] results,
      int at) {
    headDim = shape.headDim();
    own = memory.atLeast(tail() + 2L * LANES * headDim * Float.BYTES);
    if (rows.length < LANES * headDim) {
      rows = new float[LANES * headDim];
      columns = new float[LANES * headDim];
    }
    own.set(FLOAT, LIMITS, ForwardCode.SLACK);
    own.set(FLOAT, LIMITS + Float.BYTES, Float.NEGATIVE_INFINITY);
    for (int query = 0; query < shape.queries(); query++) {
      for (int head = 0; head < shape.group(); head += LANES) {
        int heads = Math.min(LANES, shape.group() - head);
        begin(shape, batch, query, kvHead * shape.group() + head, heads, q);
        stretch(shape, batch, kvHead, stretch, query, k, v);
        int to = at + (query * shape.group() + head) * (headDim + 1);
        finish(heads, results, to);
      }
    }
  }

  private long outputs() {
    return QUERIES + (long) headDim * GroupDecodeCode.ROW_BYTES;
  }

  /// Returns where the last keys and values are copied to, if they are no whole group.
  private long tail() {
    return outputs() + (long) headDim * GroupDecodeCode.ROW_BYTES;
  }

  private void begin(
      AttentionShape shape, int batch, int query, int head, int heads, MemorySegment q) {
    float scale = (float) (shape.scale() / Math.log(2));
    long from = (((long) batch * shape.queries() + query) * shape.heads() + head) * headDim;
    MemorySegment.copy(q, FLOAT, from * Float.BYTES, rows, 0, heads * headDim);
    Arrays.fill(rows, heads * headDim, LANES * headDim, 0);
    for (int d = 0; d < headDim; d++) {
      for (int lane = 0; lane < LANES; lane++) {
        columns[d * LANES + lane] = rows[lane * headDim + d] * scale;
      }
    }
    MemorySegment.copy(columns, 0, own, FLOAT, QUERIES, LANES * headDim);
    own.asSlice(outputs(), (long) headDim * GroupDecodeCode.ROW_BYTES).fill((byte) 0);
    for (int lane = 0; lane < LANES; lane++) {
      own.set(FLOAT, STATE + (long) lane * Float.BYTES, NO_REFERENCE);
      own.set(FLOAT, STATE + (long) (LANES + lane) * Float.BYTES, 0);
    }
  }

  private void stretch(
      AttentionShape shape, int batch, int kvHead, int stretch, int query, long k, long v) {
    int rowBytes = shape.kvHeads() * headDim * Float.BYTES;
    int from = stretch * stretch(unit);
    int to = Math.min(from + stretch(unit), shape.visibleKeys(batch, query));
    int hidden = shape.hiddenKeys(query);
    // Blocks begin at fixed positions, too.
    for (int key = Math.max(from, hidden / block * block); key < to; key += block) {
      int some = Math.min(block, to - key);
      int whole = some / together * together;
      long offset = KeyBlock.offset(shape, batch, kvHead, key);
      advance(new Keys(k + offset, v + offset, rowBytes, whole, hidden - key, 0));
      if (some > whole) {
        long rest = offset + (long) whole * rowBytes;
        copyTail(k + rest, v + rest, rowBytes, some - whole);
        long keys = own.address() + tail();
        long values = keys + (long) together * headDim * Float.BYTES;
        int unseen = together - (some - whole);
        int hiddenRows = hidden - key - whole;
        advance(new Keys(keys, values, headDim * Float.BYTES, together, hiddenRows, unseen));
      }
    }
  }

  /// Copies what is no whole group to where others follow that are 0.
  private void copyTail(long keys, long values, int rowBytes, int count) {
    long length = (long) together * headDim * Float.BYTES;
    own.asSlice(tail(), 2 * length).fill((byte) 0);
    long to = own.address() + tail();
    moves.copy(keys, rowBytes, to, count, headDim);
    moves.copy(values, rowBytes, to + length, count, headDim);
  }

  /// Keys and values that the code meets in one call.
  ///
  /// @param rows how many
  /// @param hidden how many at the start are not seen
  /// @param unseen how many at the end
  private record Keys(long keys, long values, int rowBytes, int rows, int hidden, int unseen) {
    boolean areAllSeen() {
      return hidden <= 0 && unseen == 0;
    }
  }

  private void advance(Keys met) {
    if (met.rows == 0 || met.hidden >= met.rows) {
      return;
    }
    MachineFunction code = CODE.computeIfAbsent(new Form(unit, headDim, met.rowBytes), Form::code);
    if (unit == VectorUnit.AVX512) {
      forHeads(met).call(code);
    } else {
      forPanel(met).call(code);
    }
  }

  private Arguments forHeads(Keys met) {
    long start = own.address();
    return arguments
        .set(GroupDecodeCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(GroupDecodeCode.QUERIES, start + QUERIES)
        .set(GroupDecodeCode.KEYS, met.keys)
        .set(GroupDecodeCode.VALUES, met.values)
        .set(GroupDecodeCode.KEY_ROWS, met.rows)
        .set(GroupDecodeCode.SCORES, start + SCORES)
        .set(GroupDecodeCode.OUTPUTS, start + outputs())
        .set(GroupDecodeCode.STATE, start + STATE)
        .set(GroupDecodeCode.HIDDEN, met.hidden)
        .set(GroupDecodeCode.UNSEEN, met.unseen)
        .set(GroupDecodeCode.LIMITS, start + LIMITS);
  }

  private Arguments forPanel(Keys met) {
    for (int row = 0; row < met.rows && !met.areAllSeen(); row++) {
      boolean seen = row >= met.hidden && row < met.rows - met.unseen;
      own.set(ValueLayout.JAVA_LONG, MASKS + (long) row * Long.BYTES, seen ? 0 : ALL_LANES);
    }
    long start = own.address();
    return arguments
        .set(ForwardCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(ForwardCode.QUERIES, start + QUERIES)
        .set(ForwardCode.KEYS, met.keys)
        .set(ForwardCode.VALUES, met.values)
        .set(ForwardCode.KEY_ROWS, met.rows)
        .set(ForwardCode.SCORES, start + SCORES)
        .set(ForwardCode.OUTPUTS, start + outputs())
        .set(ForwardCode.STATE, start + STATE)
        .set(ForwardCode.MASKED_ROWS, met.areAllSeen() ? 0 : met.rows)
        .set(ForwardCode.MASKS, start + MASKS)
        .set(ForwardCode.LIMITS, start + LIMITS)
        .set(ForwardCode.NEXT_LINE, met.keys + (long) met.rows * met.rowBytes)
        .set(ForwardCode.NEXT_STEP, met.rowBytes);
  }

  private void finish(int heads, float[] results, int first) {
    MemorySegment.copy(own, FLOAT, outputs(), columns, 0, LANES * headDim);
    boolean isPanel = unit != VectorUnit.AVX512;
    for (int lane = 0; lane < heads; lane++) {
      float sum = own.get(FLOAT, STATE + (long) (LANES + lane) * Float.BYTES);
      float reference = own.get(FLOAT, STATE + (long) lane * Float.BYTES);
      float factor = sum == 0 ? 0 : 1 / sum;
      int to = first + lane * (headDim + 1);
      for (int d = 0; d < headDim; d++) {
        int at = isPanel ? d * LANES + lane : lane * headDim + d;
        results[to + d] = columns[at] * factor;
      }
      results[to + headDim] =
          sum == 0
              ? Float.NEGATIVE_INFINITY
              : (float) (reference * Math.log(2) + StrictMath.log(sum));
    }
  }
}
