package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Attention of a few queries whose heads share keys and values with few others, or none
/// ([HeadDecodeCode]). Belongs to one thread.
///
/// Keys meet a query in groups of as many as there are lanes, from fixed positions on, whatever
/// other queries and heads come with it, and so no query's bits depend on them.
final class HeadDecode {
  /// Keys that meet one query before they meet the next, while a cache still has them.
  private static final int BLOCK = 128;

  /// Keys of a stretch ([dev.lungo.kernel.AttentionStretches]).
  static final int STRETCH = 8 * BLOCK;

  private static final int PARTS_OF_A_THREAD = 4;

  private static final float NO_REFERENCE = -0x1p100f;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // The numbers at the start of this thread's memory.
  private static final int LIMITS = 0;
  private static final int WEIGHTS = 64;
  private static final int DISTANCES = WEIGHTS + HeadDecodeCode.DISTANCES;
  private static final int RECORDS = 192;

  private static final Map<HeadDecodeCode.Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  /// Heads of keys and values that lie side by side, in a stretch of one sequence.
  ///
  /// @param k all keys; `v` likewise
  record Part(
      AttentionShape shape,
      int batch,
      int kvHead,
      int kvHeads,
      int stretch,
      MemorySegment k,
      MemorySegment v) {
    int heads() {
      return kvHeads * shape.group();
    }

    /// Returns the bytes of a key of these heads.
    long width() {
      return (long) kvHeads * shape.headDim() * Float.BYTES;
    }

    /// Returns the bytes from one key to the next.
    int rowBytes() {
      return shape.kvHeads() * shape.headDim() * Float.BYTES;
    }

    /// Says whether no other heads' keys lie between these.
    boolean isSequential() {
      return kvHeads == shape.kvHeads();
    }

    long offset(int key) {
      return KeyBlock.offset(shape, batch, kvHead, key);
    }
  }

  private final AlignedMemory memory = new AlignedMemory();
  private final AlignedMemory lastKeys = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private MemorySegment own = MemorySegment.NULL;
  private float[] numbers = new float[0];
  private final VectorUnit unit;

  /// Keys of a group.
  private final int rows;

  HeadDecode(VectorUnit unit) {
    this.unit = unit;
    this.rows = unit.lanes();
  }

  static boolean serves(AttentionShape shape) {
    long rowBytes = (long) shape.kvHeads() * shape.headDim() * Float.BYTES;
    // As far as code fetches ahead.
    return 2 * VectorUnit.AVX512.lanes() * rowBytes <= Integer.MAX_VALUE;
  }

  /// Returns how many heads of keys and values make parts enough for some threads. The more there
  /// are, the longer are the runs of memory that are read.
  static int together(AttentionShape shape, int threads) {
    int stretches = shape.batch() * ((shape.keys() - 1) / STRETCH + 1);
    int wanted = threads == 1 ? 1 : PARTS_OF_A_THREAD * threads;
    int parts = Math.min(shape.kvHeads(), (wanted - 1) / stretches + 1);
    return (shape.kvHeads() - 1) / parts + 1;
  }

  /// Attends to a part, and leaves what that comes to in `results` from `at` on, head by head, each
  /// with all queries.
  void attend(Part part, MemorySegment q, float[] results, int at) {
    AttentionShape shape = part.shape;
    int headDim = shape.headDim();
    if (numbers.length < headDim) {
      numbers = new float[headDim];
    }
    int record = HeadDecodeCode.recordBytes(headDim);
    own = memory.atLeast(RECORDS + (long) shape.queries() * part.heads() * record);
    own.set(FLOAT, LIMITS, ForwardCode.SLACK);
    own.set(FLOAT, LIMITS + Float.BYTES, Float.NEGATIVE_INFINITY);
    for (int query = 0; query < shape.queries(); query++) {
      for (int head = 0; head < part.heads(); head++) {
        begin(part, query, head, q);
      }
    }
    int from = Math.max(part.stretch * STRETCH, shape.hiddenKeys(0) / BLOCK * BLOCK);
    int to =
        Math.min((part.stretch + 1) * STRETCH, shape.visibleKeys(part.batch, shape.queries() - 1));
    int block = shape.queries() == 1 ? STRETCH : BLOCK;
    for (int key = from; key < to; key += block) {
      for (int query = 0; query < shape.queries(); query++) {
        int last = Math.min(Math.min(key + block, to), shape.visibleKeys(part.batch, query));
        meet(part, query, Math.max(key, shape.hiddenKeys(query) / rows * rows), last);
      }
    }
    for (int head = 0; head < part.heads(); head++) {
      for (int query = 0; query < shape.queries(); query++) {
        int kvHead = head / shape.group();
        int result = (kvHead * shape.queries() + query) * shape.group() + head % shape.group();
        finish(record(part, query, head), headDim, results, at + result * (headDim + 1));
      }
    }
  }

  private static int record(Part part, int query, int head) {
    int record = HeadDecodeCode.recordBytes(part.shape.headDim());
    return RECORDS + (query * part.heads() + head) * record;
  }

  private void begin(Part part, int query, int head, MemorySegment q) {
    AttentionShape shape = part.shape;
    int headDim = shape.headDim();
    int record = record(part, query, head);
    own.asSlice(record, HeadDecodeCode.recordBytes(headDim)).fill((byte) 0);
    float scale = (float) (shape.scale() / Math.log(2));
    int first = part.kvHead * shape.group();
    long row = ((long) part.batch * shape.queries() + query) * shape.heads() + first + head;
    MemorySegment.copy(q, FLOAT, row * headDim * Float.BYTES, numbers, 0, headDim);
    for (int d = 0; d < headDim; d++) {
      numbers[d] *= scale;
    }
    MemorySegment.copy(numbers, 0, own, FLOAT, record, headDim);
    own.set(FLOAT, record + HeadDecodeCode.reference(headDim), NO_REFERENCE);
    if (shape.alibi()) {
      float slope = AlibiRows.slope(first + head, shape.heads());
      own.set(FLOAT, record + HeadDecodeCode.slope(headDim), slope);
    }
  }

  /// Lets all heads of a query meet the keys that it sees of those from `from`, the first of a
  /// group, to `to`.
  private void meet(Part part, int query, int from, int to) {
    int hidden = part.shape.hiddenKeys(query);
    int all = (1 << rows) - 1;
    int key = from;
    while (key < to) {
      int count = to - key;
      int seen = all >> Math.max(0, rows - count) & all << Math.max(0, hidden - key);
      if (count < rows) {
        advanceByLast(part, query, key, count, seen);
        return;
      }
      int groups = key < hidden ? 1 : count / rows;
      setDistances(part.shape, query, key);
      long offset = part.offset(key);
      advance(part, query, part.k.address() + offset, part.v.address() + offset, groups, seen);
      key += groups * rows;
    }
  }

  /// Copies keys that are fewer than a group to where others follow that are 0.
  private void advanceByLast(Part part, int query, int key, int count, int seen) {
    long length = (long) rows * part.rowBytes();
    MemorySegment copies = lastKeys.atLeast(2 * length);
    copyLast(part, part.k, key, count, copies.asSlice(0, length));
    copyLast(part, part.v, key, count, copies.asSlice(length, length));
    setDistances(part.shape, query, key);
    advance(part, query, copies.address(), copies.address() + length, 1, seen);
  }

  private static void copyLast(
      Part part, MemorySegment stored, int key, int count, MemorySegment copies) {
    // Rows at once, if no other heads' lie between them.
    int together = part.isSequential() ? count : 1;
    long length = (together - 1L) * part.rowBytes() + part.width();
    for (int row = 0; row < count; row += together) {
      long to = (long) row * part.rowBytes();
      MemorySegment.copy(stored, part.offset(key + row), copies, to, length);
    }
    copies.asSlice((long) count * part.rowBytes()).fill((byte) 0);
  }

  /// Says, where scores are biased, how far the keys of a group are from a query.
  private void setDistances(AttentionShape shape, int query, int key) {
    if (!shape.alibi()) {
      return;
    }
    for (int lane = 0; lane < rows; lane++) {
      int distance = shape.position(query) - key - lane;
      own.set(FLOAT, DISTANCES + (long) lane * Float.BYTES, distance);
    }
  }

  private void advance(Part part, int query, long keys, long values, int groups, int seen) {
    long start = own.address();
    arguments
        .set(HeadDecodeCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(HeadDecodeCode.KEYS, keys)
        .set(HeadDecodeCode.VALUES_AFTER, values - keys)
        .set(HeadDecodeCode.GROUPS, groups)
        .set(HeadDecodeCode.KV_HEADS, part.kvHeads)
        .set(HeadDecodeCode.SKIPPED, (long) rows * part.rowBytes() - part.width())
        .set(HeadDecodeCode.RECORDS, start + record(part, query, 0))
        .set(HeadDecodeCode.SEEN, seen)
        .set(HeadDecodeCode.WEIGHTS, start + WEIGHTS)
        .set(HeadDecodeCode.LIMITS, start + LIMITS)
        .call(
            CODE.computeIfAbsent(
                new HeadDecodeCode.Form(
                    unit,
                    part.shape.headDim(),
                    part.rowBytes(),
                    part.shape.group(),
                    part.isSequential(),
                    ScoreChange.of(part.shape)),
                form -> MachineFunction.of(HeadDecodeCode.of(form))));
  }

  private void finish(int record, int headDim, float[] results, int to) {
    float sum = 0;
    for (int lane = 0; lane < rows; lane++) {
      sum += own.get(FLOAT, record + HeadDecodeCode.sums(headDim) + (long) lane * Float.BYTES);
    }
    long outputs = record + (long) headDim * Float.BYTES;
    MemorySegment.copy(own, FLOAT, outputs, results, to, headDim);
    float factor = sum == 0 ? 0 : 1 / sum;
    for (int d = to; d < to + headDim; d++) {
      results[d] *= factor;
    }
    float reference = own.get(FLOAT, record + HeadDecodeCode.reference(headDim));
    results[to + headDim] =
        sum == 0
            ? Float.NEGATIVE_INFINITY
            : (float) (reference * Math.log(2) + StrictMath.log(sum));
  }
}
