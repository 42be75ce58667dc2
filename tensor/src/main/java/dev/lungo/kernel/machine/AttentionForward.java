package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The forward pass of attention for a block of queries and one key/value head: panels of queries
/// stay, blocks of keys pass by ([ForwardCode]). Belongs to one thread.
final class AttentionForward {
  /// Not -∞: a lane may see nothing of its panel's first block, and -∞ less -∞ is no number.
  private static final float NO_REFERENCE = -0x1p100f;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // The numbers at the start of this thread's memory.
  private static final int SCALE = 0;
  private static final int LIMITS = Float.BYTES;
  private static final int SCORES = 64;

  private record Form(VectorUnit unit, int headDim, ScoreChange change) {
    MachineFunction code() {
      return MachineFunction.of(ForwardCode.ofCopies(unit, headDim, change));
    }
  }

  private static final Map<Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final VectorUnit unit;
  private final PanelMoves moves;
  private final KeyBlock keys;
  private final AlibiRows biases;
  private final AlibiReach reach;
  private final int columns;
  private MemorySegment own = MemorySegment.NULL;
  private int panelBytes;

  AttentionForward(VectorUnit unit) {
    this.unit = unit;
    this.moves = new PanelMoves(unit);
    this.keys = new KeyBlock(unit);
    this.biases = new AlibiRows(unit.columns());
    this.reach = new AlibiReach(unit);
    this.columns = unit.columns();
  }

  /// Addresses of the operands of one call.
  record Operands(long q, long k, long v, long out, MemorySegment logSumExp) {}

  /// Attends from queries `first` to `first + count` of all heads that read key/value head
  /// `kvHead`.
  void attend(
      AttentionShape shape, int batch, int kvHead, int first, int count, Operands operands) {
    panelBytes = shape.headDim() * unit.rowBytes();
    int panels = Panel.count(shape, count, columns);
    own = memory.atLeast(place(panels));
    own.set(FLOAT, SCALE, (float) (shape.scale() / Math.log(2)));
    own.set(FLOAT, LIMITS, ForwardCode.SLACK);
    own.set(FLOAT, LIMITS + Float.BYTES, Float.NEGATIVE_INFINITY);
    MachineFunction code =
        CODE.computeIfAbsent(new Form(unit, shape.headDim(), ScoreChange.of(shape)), Form::code);
    reach.begin(shape, batch, kvHead, panels);
    for (int i = 0; i < panels; i++) {
      Panel panel = Panel.of(shape, kvHead, first, count, i, columns);
      reach.add(i, panel, operands.q, operands.k);
      begin(shape, batch, panel, operands, place(i));
    }
    int to = shape.visibleKeys(batch, first + count - 1);
    for (int key = shape.hiddenKeys(first); key < to; key += KeyBlock.KEYS) {
      int some = Math.min(KeyBlock.KEYS, to - key);
      keys.copy(shape, batch, kvHead, key, some, operands.k, operands.v);
      reach.meet(keys.keys(), key, some);
      for (int i = 0; i < panels; i++) {
        Panel panel = Panel.of(shape, kvHead, first, count, i, columns);
        int position = shape.position(panel.first());
        if (reach.includes(i) && keys.meets(shape, position)) {
          if (shape.alibi()) {
            biases.setQueries(shape, panel.head(), position, key);
          }
          advance(code, i);
        }
      }
    }
    for (int i = 0; i < panels; i++) {
      finish(shape, batch, Panel.of(shape, kvHead, first, count, i, columns), operands, place(i));
    }
  }

  /// Returns where a panel's packed queries are; its outputs and its state follow.
  private long place(int panel) {
    return SCORES
        + (long) KeyBlock.KEYS * unit.rowBytes()
        + (long) panel * (2 * panelBytes + TileWeights.STATE_ROWS * unit.rowBytes());
  }

  private long outputs(long place) {
    return place + panelBytes;
  }

  private long state(long place) {
    return place + 2L * panelBytes;
  }

  private void begin(AttentionShape shape, int batch, Panel panel, Operands operands, long place) {
    int headDim = shape.headDim();
    long rows = operands.q + panel.offset(shape, batch);
    long stride = Panel.stride(shape);
    MemorySegment outputs = own.asSlice(outputs(place), panelBytes);
    outputs.fill((byte) 0);
    if (!panel.isWhole()) {
      // What follows may be another's memory or nobody's.
      moves.copy(rows, stride, outputs.address(), panel.count(), headDim);
      rows = outputs.address();
      stride = (long) headDim * Float.BYTES;
    }
    moves.pack(rows, stride, own.address() + place, own.address() + SCALE, headDim);
    if (!panel.isWhole()) {
      outputs.fill((byte) 0);
    }
    for (int lane = 0; lane < columns; lane++) {
      own.set(FLOAT, state(place) + lane * Float.BYTES, reach.reference(lane, NO_REFERENCE));
      own.set(FLOAT, state(place) + (columns + lane) * Float.BYTES, 0);
    }
  }

  /// Takes a panel on by the block of keys.
  private void advance(MachineFunction code, int panel) {
    long start = own.address();
    long place = place(panel);
    arguments
        .set(ForwardCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(ForwardCode.QUERIES, start + place)
        .set(ForwardCode.KEYS, keys.keys())
        .set(ForwardCode.VALUES, keys.values())
        .set(ForwardCode.KEY_ROWS, keys.rows())
        .set(ForwardCode.SCORES, start + SCORES)
        .set(ForwardCode.OUTPUTS, start + outputs(place))
        .set(ForwardCode.STATE, start + state(place))
        .set(ForwardCode.MASKED_ROWS, keys.maskedRows())
        .set(ForwardCode.MASKS, keys.masks())
        .set(ForwardCode.LIMITS, start + LIMITS)
        .set(ForwardCode.NEXT_LINE, keys.nextLine(panel))
        .set(ForwardCode.NEXT_STEP, keys.stride())
        .set(ForwardCode.ALIBI, biases.address())
        .call(code);
  }

  private void finish(AttentionShape shape, int batch, Panel panel, Operands operands, long place) {
    long sums = state(place) + unit.rowBytes();
    for (int lane = 0; lane < panel.count(); lane++) {
      float reference = own.get(FLOAT, state(place) + lane * Float.BYTES);
      float sum = own.get(FLOAT, sums + lane * Float.BYTES);
      float logarithm = (float) (reference * Math.log(2) + StrictMath.log(sum));
      operands.logSumExp.setAtIndex(FLOAT, panel.sum(shape, batch) + lane, logarithm);
      own.set(FLOAT, sums + lane * Float.BYTES, 1 / sum);
    }
    int headDim = shape.headDim();
    long start = own.address();
    long row = operands.out + panel.offset(shape, batch);
    long stride = Panel.stride(shape);
    if (panel.isWhole()) {
      moves.unpack(start + outputs(place), start + sums, row, stride, headDim);
      return;
    }
    long bytes = (long) headDim * Float.BYTES;
    moves.unpack(start + outputs(place), start + sums, start + place, bytes, headDim);
    for (int lane = 0; lane < panel.count(); lane++) {
      moves.copy(start + place + lane * bytes, bytes, row + lane * stride, 1, headDim);
    }
  }
}
