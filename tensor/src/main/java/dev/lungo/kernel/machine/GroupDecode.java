package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Attention of a few queries whose many heads share keys and values ([GroupDecodeCode]). Belongs
/// to one thread.
///
/// Blocks of keys do not depend on how many queries come together, and so do no query's bits.
final class GroupDecode {
  /// From so many heads on, lanes that have none cost less than reading keys again does.
  private static final int FEWEST_HEADS = 9;

  private static final int LANES = GroupDecodeCode.SIDE;
  private static final int BLOCK = 128;

  /// Keys of a stretch ([dev.lungo.kernel.AttentionStretches]).
  static final int STRETCH = 32 * BLOCK;

  private static final float NO_REFERENCE = -0x1p100f;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // The numbers at the start of this thread's memory.
  private static final int LIMITS = 0;
  private static final int SCORES = 64;
  private static final int STATE = SCORES + BLOCK * GroupDecodeCode.ROW_BYTES;
  private static final int QUERIES = STATE + 3 * GroupDecodeCode.ROW_BYTES;

  /// By the size of a head and what lies between two keys, in bytes.
  private record Form(int headDim, int rowBytes) {}

  private static final Map<Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final PanelMoves moves = new PanelMoves(VectorUnit.AVX512);
  private MemorySegment own = MemorySegment.NULL;
  private int headDim;

  // Of 16 heads.
  private float[] rows = new float[0];
  private float[] columns = new float[0];

  static boolean serves(AttentionShape shape, VectorUnit unit) {
    long rowBytes = (long) shape.kvHeads() * shape.headDim() * Float.BYTES;
    return unit == VectorUnit.AVX512
        && shape.group() >= FEWEST_HEADS
        && rowBytes * LANES <= Integer.MAX_VALUE;
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
    int to = Math.min((stretch + 1) * STRETCH, shape.visibleKeys(batch, query));
    int hidden = shape.hiddenKeys(query);
    // Blocks begin at fixed positions, too.
    for (int key = Math.max(stretch * STRETCH, hidden / BLOCK * BLOCK); key < to; key += BLOCK) {
      int some = Math.min(BLOCK, to - key);
      int whole = some / LANES * LANES;
      long offset = KeyBlock.offset(shape, batch, kvHead, key);
      advance(k + offset, v + offset, rowBytes, whole, hidden - key, 0);
      if (some > whole) {
        long rest = offset + (long) whole * rowBytes;
        copyTail(k + rest, v + rest, rowBytes, some - whole);
        long keys = own.address() + tail();
        long values = keys + (long) LANES * headDim * Float.BYTES;
        int unseen = LANES - (some - whole);
        advance(keys, values, headDim * Float.BYTES, LANES, hidden - key - whole, unseen);
      }
    }
  }

  /// Copies what is no whole group to where others follow that are 0.
  private void copyTail(long keys, long values, int rowBytes, int count) {
    long length = (long) LANES * headDim * Float.BYTES;
    own.asSlice(tail(), 2 * length).fill((byte) 0);
    long to = own.address() + tail();
    moves.copy(keys, rowBytes, to, count, headDim);
    moves.copy(values, rowBytes, to + length, count, headDim);
  }

  private void advance(long keys, long values, int rowBytes, int rows, int hidden, int unseen) {
    if (rows == 0 || hidden >= rows) {
      return;
    }
    long start = own.address();
    arguments
        .set(GroupDecodeCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(GroupDecodeCode.QUERIES, start + QUERIES)
        .set(GroupDecodeCode.KEYS, keys)
        .set(GroupDecodeCode.VALUES, values)
        .set(GroupDecodeCode.KEY_ROWS, rows)
        .set(GroupDecodeCode.SCORES, start + SCORES)
        .set(GroupDecodeCode.OUTPUTS, start + outputs())
        .set(GroupDecodeCode.STATE, start + STATE)
        .set(GroupDecodeCode.HIDDEN, hidden)
        .set(GroupDecodeCode.UNSEEN, unseen)
        .set(GroupDecodeCode.LIMITS, start + LIMITS)
        .call(
            CODE.computeIfAbsent(
                new Form(headDim, rowBytes),
                form -> MachineFunction.of(GroupDecodeCode.of(form.headDim, form.rowBytes))));
  }

  private void finish(int heads, float[] results, int at) {
    for (int lane = 0; lane < heads; lane++) {
      float sum = own.get(FLOAT, STATE + (long) (LANES + lane) * Float.BYTES);
      float reference = own.get(FLOAT, STATE + (long) lane * Float.BYTES);
      float factor = sum == 0 ? 0 : 1 / sum;
      int to = at + lane * (headDim + 1);
      MemorySegment.copy(
          own, FLOAT, outputs() + (long) lane * headDim * Float.BYTES, results, to, headDim);
      for (int d = to; d < to + headDim; d++) {
        results[d] *= factor;
      }
      results[to + headDim] =
          sum == 0
              ? Float.NEGATIVE_INFINITY
              : (float) (reference * Math.log(2) + StrictMath.log(sum));
    }
  }
}
