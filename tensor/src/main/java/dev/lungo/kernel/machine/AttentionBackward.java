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

  /// Panels that add to the gradients of keys together, with AVX2, where they have few queries.
  private static final int TOGETHER = 4;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // At the start of this thread's memory: what packed queries are scaled by, the factor of slopes,
  // and a one for each lane.
  private static final int SCALE = 0;
  private static final int FACTOR = Float.BYTES;
  private static final int ONES = 64;

  private record Form(VectorUnit unit, int headDim, int together, ScoreChange change) {}

  private static final Map<Form, MachineFunction> FOR_QUERIES = new ConcurrentHashMap<>();
  private static final Map<Form, MachineFunction> FOR_KEYS = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final VectorUnit unit;
  private final PanelMoves moves;
  private final KeyBlock keys;
  private final AlibiRows biases;
  private final AlibiReach reach;
  private final int columns;
  private final int rowBytes;

  private final int together;

  private final int weights;
  private final int slopes;
  private final int keySlopes;
  private MemorySegment own = MemorySegment.NULL;
  private int panelBytes;

  AttentionBackward(VectorUnit unit) {
    this.unit = unit;
    this.moves = new PanelMoves(unit);
    this.keys = new KeyBlock(unit);
    this.biases = new AlibiRows(unit.columns());
    this.reach = new AlibiReach(unit);
    this.columns = unit.columns();
    this.rowBytes = unit.rowBytes();
    this.together = unit == VectorUnit.AVX2 ? TOGETHER : 1;
    this.weights = ONES + rowBytes;
    this.slopes = weights + KeyBlock.KEYS * together * rowBytes;
    this.keySlopes = slopes + KeyBlock.KEYS * together * rowBytes;
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
    int most = (int) (MOST_KEPT / (shape.group() * groupBytes()) * together);
    int chunk = Math.max(1, most) * columns;
    int panels = Panel.count(shape, Math.min(chunk, shape.queries()), columns);
    own = memory.atLeast(groupOf(panels + together - 1));
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
    Panel[] panels = new Panel[Panel.count(shape, count, columns)];
    reach.begin(shape, batch, kvHead, panels.length);
    for (int i = 0; i < panels.length; i++) {
      panels[i] = Panel.of(shape, kvHead, first, count, i, columns);
      begin(shape, batch, panels[i], operands, i);
      reach.add(i, panels[i], operands.q, operands.k);
    }
    int headDim = shape.headDim();
    long stride = (long) shape.kvHeads() * headDim * Float.BYTES;
    int to = shape.visibleKeys(batch, first + count - 1);
    for (int key = shape.hiddenKeys(first); key < to; key += KeyBlock.KEYS) {
      int some = Math.min(KeyBlock.KEYS, to - key);
      keys.copy(shape, batch, kvHead, key, some, operands.k, operands.v);
      reach.meet(keys.keys(), key, some);
      own.asSlice(keySlopes, 2 * keyBytes()).fill((byte) 0);
      meet(shape, panels, key);
      long offset = KeyBlock.offset(shape, batch, kvHead, key);
      long gradients = own.address() + keySlopes;
      moves.add(gradients, operands.dk + offset, stride, some, headDim);
      moves.add(gradients + keyBytes(), operands.dv + offset, stride, some, headDim);
    }
    for (int i = 0; i < panels.length; i++) {
      finish(shape, batch, panels[i], operands, i);
    }
  }

  /// Lets panels meet the block of keys, as many together as may be.
  private void meet(AttentionShape shape, Panel[] panels, int key) {
    int i = 0;
    while (i < panels.length) {
      int first = i;
      int rows = 0;
      int more = rows(shape, panels, i);
      while (more > 0) {
        rows = Math.max(rows, more);
        i++;
        boolean ends = i == panels.length || i % together == 0;
        more = ends ? 0 : rows(shape, panels, i);
      }
      for (int panel = first; panel < i; panel++) {
        int position = shape.position(panels[panel].first());
        keys.meets(shape, position);
        if (shape.alibi()) {
          biases.setQueries(shape, panels[panel].head(), position, key);
        }
        forQueries(new Form(unit, shape.headDim(), together, ScoreChange.of(shape)), panel, rows);
      }
      if (i == first) {
        i++;
      } else if (together > 1) {
        forKeys(shape.headDim(), first, i - first, rows);
      }
    }
  }

  /// Returns how many rows of the block a panel meets.
  private int rows(AttentionShape shape, Panel[] panels, int panel) {
    return reach.includes(panel) ? keys.rows(shape, shape.position(panels[panel].first())) : 0;
  }

  /// Returns the bytes of the gradients of a block's keys: panels are as wide as blocks have rows,
  /// three times.
  private long keyBytes() {
    return (long) KeyBlock.KEYS * panelBytes / columns;
  }

  /// Returns the bytes of panels that lie together: each has what [#placeOf] tells of; then the
  /// queries of all of them follow as rows, and the slopes of outputs.
  private long groupBytes() {
    return together * (5L * panelBytes + 2 * rowBytes);
  }

  /// Returns where the panels are that lie together with one.
  private long groupOf(int panel) {
    return keySlopes + 2 * keyBytes() + panel / together * groupBytes();
  }

  /// Returns where a panel's packed queries are, then packed slopes of outputs, packed slopes of
  /// queries, log-sum-exps and deltas.
  private long placeOf(int panel) {
    return groupOf(panel) + panel % together * (3L * panelBytes + 2 * rowBytes);
  }

  private long queryRows(int panel) {
    long rows = groupOf(panel) + together * (3L * panelBytes + 2 * rowBytes);
    return rows + (long) (panel % together) * panelBytes;
  }

  private long slopeRows(int panel) {
    return queryRows(panel) + (long) together * panelBytes;
  }

  private void begin(AttentionShape shape, int batch, Panel panel, Operands operands, int index) {
    int headDim = shape.headDim();
    long offset = panel.offset(shape, batch);
    long stride = Panel.stride(shape);
    long place = placeOf(index);
    long packed = own.address() + place;
    long queryRows = own.address() + queryRows(index);
    long slopeRows = own.address() + slopeRows(index);
    int count = panel.count();
    if (!panel.isWhole()) {
      own.asSlice(queryRows(index), panelBytes).fill((byte) 0);
      own.asSlice(slopeRows(index), panelBytes).fill((byte) 0);
    }
    moves.copy(operands.q + offset, stride, queryRows, count, headDim);
    moves.copy(operands.dOut + offset, stride, slopeRows, count, headDim);
    long row = (long) headDim * Float.BYTES;
    moves.pack(queryRows, row, packed, own.address() + SCALE, headDim);
    moves.pack(slopeRows, row, packed + panelBytes, own.address() + ONES, headDim);
    own.asSlice(place + 2L * panelBytes, panelBytes).fill((byte) 0);
    long state = place + 3L * panelBytes;
    long deltas = own.address() + state + rowBytes;
    long slopes = operands.dOut + offset;
    moves.dots(slopes, stride, operands.out + offset, stride, deltas, count, headDim);
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

  /// Takes a panel's gradients on, and leaves its weights and slopes for [#forKeys].
  ///
  /// @param rows how many the panels have that it is together with
  private void forQueries(Form form, int panel, int rows) {
    long start = own.address();
    long packed = start + placeOf(panel);
    int column = panel % together * rowBytes;
    arguments
        .set(BackwardCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(BackwardCode.QUERIES, packed)
        .set(BackwardCode.OUTPUT_SLOPES, packed + panelBytes)
        .set(BackwardCode.QUERY_SLOPES, packed + 2L * panelBytes)
        .set(BackwardCode.STATE, packed + 3L * panelBytes)
        .set(BackwardCode.KEYS, keys.keys())
        .set(BackwardCode.VALUES, keys.values())
        .set(BackwardCode.KEY_ROWS, keys.rows())
        .set(BackwardCode.EMPTY_ROWS, rows - keys.rows())
        .set(BackwardCode.WEIGHTS, start + weights + column)
        .set(BackwardCode.SLOPES, start + slopes + column)
        .set(BackwardCode.SCALE, start + FACTOR)
        .set(BackwardCode.MASKED_ROWS, keys.maskedRows())
        .set(BackwardCode.MASKS, keys.masks())
        .set(BackwardCode.NEXT_LINE, keys.nextLine(panel))
        .set(BackwardCode.NEXT_STEP, keys.stride())
        .set(BackwardCode.NEXT_PANEL, start + placeOf(panel + 1))
        .set(BackwardCode.ALIBI, biases.address());
    gradientsOfKeys(panel)
        .call(FOR_QUERIES.computeIfAbsent(form, AttentionBackward::codeForQueries));
  }

  private void forKeys(int headDim, int first, int count, int rows) {
    int column = first % together * rowBytes;
    long start = own.address();
    gradientsOfKeys(first)
        .set(BackwardCode.KEY_ROWS, rows)
        .set(BackwardCode.COLUMNS, (long) count * columns)
        .set(BackwardCode.WEIGHTS, start + weights + column)
        .set(BackwardCode.SLOPES, start + slopes + column)
        .set(BackwardCode.NEXT_PANEL, start + queryRows(first + together))
        .call(
            FOR_KEYS.computeIfAbsent(
                new Form(unit, headDim, together, ScoreChange.NONE),
                AttentionBackward::codeForKeys));
  }

  private Arguments gradientsOfKeys(int panel) {
    long start = own.address();
    return arguments
        .set(BackwardCode.QUERY_ROWS, start + queryRows(panel))
        .set(BackwardCode.OUTPUT_SLOPE_ROWS, start + slopeRows(panel))
        .set(BackwardCode.KEY_SLOPES, start + keySlopes)
        .set(BackwardCode.VALUE_SLOPES, start + keySlopes + keyBytes());
  }

  /// Writes the code for a panel, which does all where none is together with it.
  private static MachineFunction codeForQueries(Form form) {
    return MachineFunction.of(
        form.together == 1
            ? BackwardCode.of(form.unit, form.headDim, form.change)
            : BackwardCode.forQueries(form.unit, form.headDim, form.together, form.change));
  }

  private static MachineFunction codeForKeys(Form form) {
    return MachineFunction.of(BackwardCode.forKeys(form.unit, form.headDim, form.together));
  }

  private void finish(AttentionShape shape, int batch, Panel panel, Operands operands, int index) {
    int headDim = shape.headDim();
    long packed = own.address() + placeOf(index);
    long row = (long) headDim * Float.BYTES;
    moves.unpack(packed + 2L * panelBytes, own.address() + ONES, packed, row, headDim);
    long offset = panel.offset(shape, batch);
    moves.add(packed, operands.dq + offset, Panel.stride(shape), panel.count(), headDim);
  }
}
