package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Attention of a few queries whose many heads share keys and values: sets of 16 heads meet a block
/// of keys ([GroupDecodeCode]) before they meet the next. Belongs to one thread.
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
  private static final int SETS = SCORES + BLOCK * GroupDecodeCode.ROW_BYTES;

  /// By the size of a head and what lies between two keys, in bytes.
  private record Form(int headDim, int rowBytes) {}

  private static final Map<Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final PanelMoves moves = new PanelMoves(VectorUnit.AVX512);
  private MemorySegment own = MemorySegment.NULL;
  private int headDim;
  private int sets;

  // Of 16 heads.
  private float[] rows = new float[0];
  private float[] columns = new float[0];

  static boolean serves(AttentionShape shape, VectorUnit unit) {
    long rowBytes = (long) shape.kvHeads() * shape.headDim() * Float.BYTES;
    return unit == VectorUnit.AVX512
        && shape.group() >= FEWEST_HEADS
        && ScoreChange.of(shape).equals(ScoreChange.NONE)
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
    int group = shape.group();
    sets = (group - 1) / LANES + 1;
    own = memory.atLeast(tail() + 2L * LANES * headDim * Float.BYTES);
    if (rows.length < LANES * headDim) {
      rows = new float[LANES * headDim];
      columns = new float[LANES * headDim];
    }
    own.set(FLOAT, LIMITS, ForwardCode.SLACK);
    own.set(FLOAT, LIMITS + Float.BYTES, Float.NEGATIVE_INFINITY);
    for (int query = 0; query < shape.queries(); query++) {
      for (int set = 0; set < sets; set++) {
        begin(shape, batch, query, kvHead * group + set * LANES, heads(shape, set), set, q);
      }
      stretch(shape, batch, kvHead, stretch, query, k, v);
      for (int set = 0; set < sets; set++) {
        int to = at + (query * group + set * LANES) * (headDim + 1);
        finish(set, heads(shape, set), results, to);
      }
    }
  }

  private static int heads(AttentionShape shape, int set) {
    return Math.min(LANES, shape.group() - set * LANES);
  }

  // Where a set's packed queries are, what its values come to, and its state.

  private int queries(int set) {
    return SETS + set * (2 * headDim + GroupDecodeCode.STATE_ROWS) * GroupDecodeCode.ROW_BYTES;
  }

  private int outputs(int set) {
    return queries(set) + headDim * GroupDecodeCode.ROW_BYTES;
  }

  private int state(int set) {
    return outputs(set) + headDim * GroupDecodeCode.ROW_BYTES;
  }

  /// Returns where the last keys and values are copied to, if they are no whole group.
  private int tail() {
    return queries(sets);
  }

  private void begin(
      AttentionShape shape, int batch, int query, int head, int heads, int set, MemorySegment q) {
    float scale = (float) (shape.scale() / Math.log(2));
    long from = (((long) batch * shape.queries() + query) * shape.heads() + head) * headDim;
    MemorySegment.copy(q, FLOAT, from * Float.BYTES, rows, 0, heads * headDim);
    Arrays.fill(rows, heads * headDim, LANES * headDim, 0);
    for (int d = 0; d < headDim; d++) {
      for (int lane = 0; lane < LANES; lane++) {
        columns[d * LANES + lane] = rows[lane * headDim + d] * scale;
      }
    }
    MemorySegment.copy(columns, 0, own, FLOAT, queries(set), LANES * headDim);
    own.asSlice(outputs(set), queries(set + 1) - outputs(set)).fill((byte) 0);
    for (int lane = 0; lane < LANES; lane++) {
      own.set(FLOAT, state(set) + (long) lane * Float.BYTES, NO_REFERENCE);
    }
  }

  private void stretch(
      AttentionShape shape, int batch, int kvHead, int stretch, int query, long k, long v) {
    int rowBytes = shape.kvHeads() * headDim * Float.BYTES;
    int to = Math.min((stretch + 1) * STRETCH, shape.visibleKeys(batch, query));
    int hidden = shape.hiddenKeys(query);
    // Blocks begin at fixed positions, too.
    int start = Math.max(stretch * STRETCH, hidden / BLOCK * BLOCK);
    for (int key = start; key < to; key += BLOCK) {
      int some = Math.min(BLOCK, to - key);
      int whole = some / LANES * LANES;
      long offset = KeyBlock.offset(shape, batch, kvHead, key);
      // The first keys take longer: every score is far from a reference that there is not.
      int few = key == start ? Math.min(whole, LANES) : 0;
      advance(k + offset, v + offset, rowBytes, few, hidden - key, 0);
      long others = offset + (long) few * rowBytes;
      advance(k + others, v + others, rowBytes, whole - few, hidden - key - few, 0);
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
    MachineFunction code =
        CODE.computeIfAbsent(
            new Form(headDim, rowBytes),
            form -> MachineFunction.of(GroupDecodeCode.of(form.headDim, form.rowBytes)));
    long start = own.address();
    arguments
        .set(GroupDecodeCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(GroupDecodeCode.KEYS, keys)
        .set(GroupDecodeCode.VALUES, values)
        .set(GroupDecodeCode.KEY_ROWS, rows)
        .set(GroupDecodeCode.SCORES, start + SCORES)
        .set(GroupDecodeCode.HIDDEN, hidden)
        .set(GroupDecodeCode.UNSEEN, unseen)
        .set(GroupDecodeCode.LIMITS, start + LIMITS);
    for (int set = 0; set < sets; set++) {
      arguments
          .set(GroupDecodeCode.QUERIES, start + queries(set))
          .set(GroupDecodeCode.OUTPUTS, start + outputs(set))
          .set(GroupDecodeCode.STATE, start + state(set))
          .call(code);
    }
  }

  private void finish(int set, int heads, float[] results, int at) {
    for (int lane = 0; lane < heads; lane++) {
      float sum = own.get(FLOAT, state(set) + (long) (LANES + lane) * Float.BYTES);
      float reference = own.get(FLOAT, state(set) + (long) lane * Float.BYTES);
      float factor = sum == 0 ? 0 : 1 / sum;
      int to = at + lane * (headDim + 1);
      MemorySegment.copy(
          own, FLOAT, outputs(set) + (long) lane * headDim * Float.BYTES, results, to, headDim);
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
