package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The backward pass of attention for one key/value head of one sequence ([BackwardCode]); belongs
/// to one thread.
///
/// Some panels of queries stay, packed, in the caches, and all blocks of keys that they see pass
/// by; then the next panels.
final class AttentionBackward {
  /// Bytes of packed panels.
  private static final int MOST_KEPT = 1 << 22;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // At the start of this thread's memory: what packed queries are scaled by, the factor of slopes,
  // and a one for each lane.
  private static final int SCALE = 0;
  private static final int FACTOR = Float.BYTES;
  private static final int ONES = 64;

  private record Form(VectorUnit unit, int headDim) {}

  private static final Map<Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final VectorUnit unit;
  private final PanelMoves moves;
  private final KeyBlock keys;
  private final int columns;
  private final int rowBytes;
  private final int weights;
  private final int slopes;
  private final int keySlopes;
  private MemorySegment own = MemorySegment.NULL;
  private int panelBytes;

  AttentionBackward(VectorUnit unit) {
    this.unit = unit;
    this.moves = new PanelMoves(unit);
    this.keys = new KeyBlock(unit);
    this.columns = unit.columns();
    this.rowBytes = unit.rowBytes();
    this.weights = ONES + rowBytes;
    this.slopes = weights + KeyBlock.KEYS * rowBytes;
    this.keySlopes = slopes + KeyBlock.KEYS * rowBytes;
  }

  /// Addresses of the operands and gradients of one call.
  record Operands(
      long dOut,
      long q,
      long k,
      long v,
      long out,
      MemorySegment logSumExp,
      long dq,
      long dk,
      long dv) {}

  /// Adds the gradients of one key/value head and of the heads that read it.
  void differentiate(AttentionShape shape, int batch, int kvHead, Operands operands) {
    panelBytes = shape.headDim() * rowBytes;
    int most = (int) (MOST_KEPT / (shape.group() * (placeOf(1) - placeOf(0))));
    int chunk = Math.max(1, most) * columns;
    own = memory.atLeast(placeOf(Panel.count(shape, Math.min(chunk, shape.queries()), columns)));
    own.set(FLOAT, SCALE, (float) (shape.scale() / Math.log(2)));
    own.set(FLOAT, FACTOR, shape.scale());
    for (int lane = 0; lane < columns; lane++) {
      own.set(FLOAT, ONES + lane * Float.BYTES, 1);
    }
    for (int first = 0; first < shape.queries(); first += chunk) {
      int count = Math.min(chunk, shape.queries() - first);
      differentiate(shape, batch, kvHead, first, count, operands);
    }
  }

  private void differentiate(
      AttentionShape shape, int batch, int kvHead, int first, int count, Operands operands) {
    int panels = Panel.count(shape, count, columns);
    for (int i = 0; i < panels; i++) {
      begin(shape, batch, Panel.of(shape, kvHead, first, count, i, columns), operands, placeOf(i));
    }
    int headDim = shape.headDim();
    long stride = (long) shape.kvHeads() * headDim * Float.BYTES;
    int to = shape.visibleKeys(batch, first + count - 1);
    for (int key = shape.hiddenKeys(first); key < to; key += KeyBlock.KEYS) {
      int some = Math.min(KeyBlock.KEYS, to - key);
      keys.copy(shape, batch, kvHead, key, some, operands.k, operands.v);
      own.asSlice(keySlopes, 2 * keyBytes()).fill((byte) 0);
      for (int i = 0; i < panels; i++) {
        Panel panel = Panel.of(shape, kvHead, first, count, i, columns);
        if (keys.meets(shape, shape.position(panel.first()))) {
          advance(headDim, i);
        }
      }
      long offset = KeyBlock.offset(shape, batch, kvHead, key);
      long gradients = own.address() + keySlopes;
      moves.add(gradients, operands.dk + offset, stride, some, headDim);
      moves.add(gradients + keyBytes(), operands.dv + offset, stride, some, headDim);
    }
    for (int i = 0; i < panels; i++) {
      finish(shape, batch, Panel.of(shape, kvHead, first, count, i, columns), operands, placeOf(i));
    }
  }

  /// Returns the bytes of the gradients of a block's keys: panels are as wide as blocks have rows,
  /// three times.
  private long keyBytes() {
    return (long) KeyBlock.KEYS * panelBytes / columns;
  }

  /// Returns where a panel is: packed queries, packed slopes of outputs, both as rows, packed
  /// slopes of queries, log-sum-exps and deltas.
  private long placeOf(int panel) {
    return keySlopes + 2 * keyBytes() + (long) panel * (5L * panelBytes + 2 * rowBytes);
  }

  private void begin(AttentionShape shape, int batch, Panel panel, Operands operands, long place) {
    int headDim = shape.headDim();
    long offset = panel.offset(shape, batch);
    long stride = Panel.stride(shape);
    long packed = own.address() + place;
    long queryRows = packed + 2L * panelBytes;
    long slopeRows = packed + 3L * panelBytes;
    int count = panel.count();
    if (!panel.isWhole()) {
      own.asSlice(place + 2L * panelBytes, 2L * panelBytes).fill((byte) 0);
    }
    moves.copy(operands.q + offset, stride, queryRows, count, headDim);
    moves.copy(operands.dOut + offset, stride, slopeRows, count, headDim);
    long row = (long) headDim * Float.BYTES;
    moves.pack(queryRows, row, packed, own.address() + SCALE, headDim);
    moves.pack(slopeRows, row, packed + panelBytes, own.address() + ONES, headDim);
    own.asSlice(place + 4L * panelBytes, panelBytes).fill((byte) 0);
    long state = place + 5L * panelBytes;
    long deltas = own.address() + state + rowBytes;
    moves.dots(operands.dOut + offset, operands.out + offset, stride, deltas, count, headDim);
    long sums = panel.sum(shape, batch);
    for (int lane = 0; lane < columns; lane++) {
      // A query that is not there has no weights.
      float sum =
          lane < count
              ? (float) (operands.logSumExp.getAtIndex(FLOAT, sums + lane) / Math.log(2))
              : Float.POSITIVE_INFINITY;
      own.set(FLOAT, state + lane * Float.BYTES, sum);
      if (lane >= count) {
        own.set(FLOAT, state + (columns + lane) * Float.BYTES, 0);
      }
    }
  }

  private void advance(int headDim, int panel) {
    long start = own.address();
    long packed = start + placeOf(panel);
    arguments
        .set(BackwardCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(BackwardCode.QUERIES, packed)
        .set(BackwardCode.OUTPUT_SLOPES, packed + panelBytes)
        .set(BackwardCode.QUERY_ROWS, packed + 2L * panelBytes)
        .set(BackwardCode.OUTPUT_SLOPE_ROWS, packed + 3L * panelBytes)
        .set(BackwardCode.QUERY_SLOPES, packed + 4L * panelBytes)
        .set(BackwardCode.STATE, packed + 5L * panelBytes)
        .set(BackwardCode.KEYS, keys.keys())
        .set(BackwardCode.VALUES, keys.values())
        .set(BackwardCode.KEY_ROWS, keys.rows())
        .set(BackwardCode.WEIGHTS, start + weights)
        .set(BackwardCode.SLOPES, start + slopes)
        .set(BackwardCode.KEY_SLOPES, start + keySlopes)
        .set(BackwardCode.VALUE_SLOPES, start + keySlopes + keyBytes())
        .set(BackwardCode.SCALE, start + FACTOR)
        .set(BackwardCode.MASKED_ROWS, keys.maskedRows())
        .set(BackwardCode.MASKS, keys.masks())
        .set(BackwardCode.NEXT_LINE, keys.nextLine(panel))
        .set(BackwardCode.NEXT_STEP, keys.stride())
        .set(BackwardCode.NEXT_PANEL, start + placeOf(panel + 1))
        .call(
            CODE.computeIfAbsent(
                new Form(unit, headDim),
                form -> MachineFunction.of(BackwardCode.of(form.unit, form.headDim))));
  }

  private void finish(AttentionShape shape, int batch, Panel panel, Operands operands, long place) {
    int headDim = shape.headDim();
    long packed = own.address() + place;
    long row = (long) headDim * Float.BYTES;
    moves.unpack(packed + 4L * panelBytes, own.address() + ONES, packed, row, headDim);
    long offset = panel.offset(shape, batch);
    moves.add(packed, operands.dq + offset, Panel.stride(shape), panel.count(), headDim);
  }
}
