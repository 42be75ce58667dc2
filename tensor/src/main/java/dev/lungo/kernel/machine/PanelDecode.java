package dev.lungo.kernel.machine;

import dev.lungo.kernel.AlignedMemory;
import dev.lungo.kernel.AttentionShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Attention, with AVX2, of a few queries whose heads share keys and values: panels of heads
/// ([HeadPanels]) meet keys where they are stored ([ForwardCode]). Belongs to one thread.
///
/// A block of the keys and values of all heads meets the panels before the next does, so that what
/// lies together is read together. Blocks do not depend on how many queries come together, and so
/// do no query's bits.
final class PanelDecode {
  /// With fewer, lanes that have none cost more than reading keys again does.
  private static final int FEWEST_HEADS = 5;

  private static final float NO_REFERENCE = -0x1p100f;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  // The numbers at the start of this thread's memory.
  private static final int LIMITS = 0;
  private static final int SCALE = 2 * Float.BYTES;
  private static final int MASKS = 64;
  private static final int SCORES = MASKS + (HeadPanels.MOST_KEYS + 2) * Long.BYTES;
  private static final int PANELS = SCORES + HeadPanels.MOST_KEYS * HeadPanels.UNIT.rowBytes();

  /// A long that names the lanes of both vectors.
  private static final long ALL_LANES = 0xff_0000_00ffL;

  /// @param keyBytes what lies between two keys
  private record Form(int vectors, int headDim, int keyBytes, ScoreChange change) {
    MachineFunction code() {
      return MachineFunction.of(
          ForwardCode.inPlace(HeadPanels.UNIT, vectors, headDim, keyBytes, change));
    }
  }

  private static final Map<Form, MachineFunction> CODE = new ConcurrentHashMap<>();

  private final AlignedMemory memory = new AlignedMemory();
  private final Arguments arguments = new Arguments();
  private final PanelMoves[] moves = {
    new PanelMoves(HeadPanels.UNIT, 1), new PanelMoves(HeadPanels.UNIT, 2)
  };
  private final AlibiRows[] biases = {
    new AlibiRows(HeadPanels.UNIT.lanes()), new AlibiRows(2 * HeadPanels.UNIT.lanes())
  };
  private MemorySegment own = MemorySegment.NULL;

  /// Addresses of the operands of one call.
  record Operands(long q, long k, long v) {}

  static boolean serves(AttentionShape shape, VectorUnit unit) {
    long keyBytes = (long) shape.kvHeads() * shape.headDim() * Float.BYTES;
    return unit == HeadPanels.UNIT
        && shape.group() >= FEWEST_HEADS
        && keyBytes * HeadPanels.MOST_KEYS <= Integer.MAX_VALUE;
  }

  /// Attends to the keys of all heads in one stretch, and leaves what that comes to in `results`
  /// from `at` on: for each head of keys one query after another, each with the heads that share
  /// it.
  void attend(
      AttentionShape shape,
      HeadPanels panels,
      int batch,
      int stretch,
      Operands operands,
      float[] results,
      int at) {
    own = memory.atLeast(tail(panels) + 2L * panels.tileRows() * panels.headBytes());
    own.set(FLOAT, LIMITS, ForwardCode.SLACK);
    own.set(FLOAT, LIMITS + Float.BYTES, Float.NEGATIVE_INFINITY);
    own.set(FLOAT, SCALE, (float) (shape.scale() / Math.log(2)));
    MachineFunction code = code(shape, panels, panels.keyBytes());
    for (int query = 0; query < shape.queries(); query++) {
      long row = ((long) batch * shape.queries() + query) * shape.heads();
      for (int panel = 0; panel < panels.count(); panel++) {
        int head = panels.kvHead(panel) * shape.group() + panels.firstHead(panel);
        begin(panels, panel, operands.q + (row + head) * panels.headBytes());
      }
      int first = stretch * panels.stretch();
      int to = Math.min(first + panels.stretch(), shape.visibleKeys(batch, query));
      long sequence = KeyBlock.offset(shape, batch, 0, 0);
      meet(
          panels,
          code,
          new Keys(shape, query, operands.k + sequence, operands.v + sequence, first, to));
      for (int panel = 0; panel < panels.count(); panel++) {
        int result = (panels.kvHead(panel) * shape.queries() + query) * shape.group();
        int head = result + panels.firstHead(panel);
        finish(panels, panel, results, at + head * (shape.headDim() + 1));
      }
    }
  }

  // Where a panel's packed queries are, what its values come to, and its state.

  private static int queries(HeadPanels panels, int panel) {
    return PANELS + panel * (2 * panels.headDim() + TileWeights.STATE_ROWS) * panels.rowBytes();
  }

  private static int outputs(HeadPanels panels, int panel) {
    return queries(panels, panel) + panels.headDim() * panels.rowBytes();
  }

  private static int state(HeadPanels panels, int panel) {
    return outputs(panels, panel) + panels.headDim() * panels.rowBytes();
  }

  /// Returns where the last keys and values are copied to, if they are no whole tile.
  private static int tail(HeadPanels panels) {
    return queries(panels, panels.count());
  }

  private void begin(HeadPanels panels, int panel, long rows) {
    PanelMoves move = moves[panels.vectors() - 1];
    int heads = panels.heads(panel);
    int rest = (panels.headDim() + TileWeights.STATE_ROWS) * panels.rowBytes();
    MemorySegment outputsAndState = own.asSlice(outputs(panels, panel), rest);
    outputsAndState.fill((byte) 0);
    long from = rows;
    if (heads < panels.lanes()) {
      // What follows may be another's memory or nobody's.
      from = outputsAndState.address();
      move.copy(rows, panels.headBytes(), from, heads, panels.headDim());
    }
    long start = own.address();
    long to = start + queries(panels, panel);
    move.pack(from, panels.headBytes(), to, start + SCALE, panels.headDim());
    if (heads < panels.lanes()) {
      outputsAndState.fill((byte) 0);
    }
    for (int lane = 0; lane < panels.lanes(); lane++) {
      own.set(FLOAT, state(panels, panel) + (long) lane * Float.BYTES, NO_REFERENCE);
    }
  }

  /// The keys and values of a sequence, of which a query sees some of a stretch.
  private record Keys(AttentionShape shape, int query, long keys, long values, int from, int to) {}

  private void meet(HeadPanels panels, MachineFunction code, Keys all) {
    int block = panels.block();
    int hidden = all.shape.hiddenKeys(all.query);
    // Blocks begin at fixed positions, too.
    int start = Math.max(all.from, hidden / block * block);
    for (int key = start; key < all.to; key += block) {
      int some = Math.min(block, all.to - key);
      int whole = some / panels.tileRows() * panels.tileRows();
      // The first keys take longer: no score is in reach of a reference that there is not.
      int few = key <= start ? Math.min(whole, panels.tileRows()) : 0;
      if (few > 0 && key + few > hidden) {
        meetWhole(panels, code, all, key, few, hidden - key);
      }
      if (whole > few && key + whole > hidden) {
        meetWhole(panels, code, all, key + few, whole - few, hidden - key - few);
      }
      if (some > whole && key + some > hidden) {
        meetTail(panels, all, key + whole, some - whole, hidden - key - whole);
      }
    }
  }

  private void meetWhole(
      HeadPanels panels, MachineFunction code, Keys all, int key, int count, int hidden) {
    hide(count, hidden, 0);
    long keys = all.keys + (long) key * panels.keyBytes();
    long values = all.values + (long) key * panels.keyBytes();
    boolean alone = panels.keyBytes() == panels.headBytes();
    for (int panel = 0; panel < panels.count(); panel++) {
      long head = (long) panels.kvHead(panel) * panels.headBytes();
      // Of the next block, in the order in which it lies, as much as this panel reads here.
      long next = (long) panels.block() * panels.keyBytes() + count * head;
      arguments
          .set(ForwardCode.KEYS, keys + head)
          .set(ForwardCode.VALUES, values + head)
          .set(ForwardCode.FETCHED_FIRST, alone ? values : values + next)
          .set(ForwardCode.FETCHED_LAST, keys + next);
      bias(panels, panel, all, key);
      advance(panels, panel, count, code);
    }
  }

  /// Copies what is no whole tile to where others follow that are 0.
  private void meetTail(HeadPanels panels, Keys all, int key, int count, int hidden) {
    hide(panels.tileRows(), hidden, panels.tileRows() - count);
    MachineFunction code = code(all.shape, panels, panels.headBytes());
    PanelMoves move = moves[panels.vectors() - 1];
    long length = (long) panels.tileRows() * panels.headBytes();
    long keys = own.address() + tail(panels);
    long values = keys + length;
    own.asSlice(tail(panels), 2 * length).fill((byte) 0);
    for (int panel = 0; panel < panels.count(); panel++) {
      if (panels.firstHead(panel) == 0) {
        long from = (long) key * panels.keyBytes() + panels.kvHead(panel) * panels.headBytes();
        move.copy(all.keys + from, panels.keyBytes(), keys, count, panels.headDim());
        move.copy(all.values + from, panels.keyBytes(), values, count, panels.headDim());
      }
      arguments
          .set(ForwardCode.KEYS, keys)
          .set(ForwardCode.VALUES, values)
          .set(ForwardCode.FETCHED_FIRST, keys)
          .set(ForwardCode.FETCHED_LAST, keys);
      bias(panels, panel, all, key);
      advance(panels, panel, panels.tileRows(), code);
    }
  }

  /// Hides keys at the start and at the end of some from all lanes.
  private void hide(int count, int atStart, int atEnd) {
    boolean hidesSome = atStart > 0 || atEnd > 0;
    for (int row = 0; row < count && hidesSome; row++) {
      boolean seen = row >= atStart && row < count - atEnd;
      own.set(ValueLayout.JAVA_LONG, MASKS + (long) row * Long.BYTES, seen ? 0 : ALL_LANES);
    }
    arguments.set(ForwardCode.MASKED_ROWS, hidesSome ? count : 0);
  }

  private static MachineFunction code(AttentionShape shape, HeadPanels panels, int keyBytes) {
    return CODE.computeIfAbsent(
        new Form(panels.vectors(), panels.headDim(), keyBytes, ScoreChange.of(shape)), Form::code);
  }

  /// Says, where scores are biased, how far the keys from one on are from the query.
  private void bias(HeadPanels panels, int panel, Keys all, int key) {
    if (all.shape.alibi()) {
      int first = panels.kvHead(panel) * all.shape.group() + panels.firstHead(panel);
      AlibiRows rows = biases[panels.vectors() - 1];
      rows.setHeads(all.shape, first, panels.heads(panel), all.shape.position(all.query), key);
      arguments.set(ForwardCode.ALIBI, rows.address());
    }
  }

  private void advance(HeadPanels panels, int panel, int count, MachineFunction code) {
    long start = own.address();
    arguments
        .set(ForwardCode.NUMBERS, PowerOfTwo.ADDRESS)
        .set(ForwardCode.QUERIES, start + queries(panels, panel))
        .set(ForwardCode.KEY_ROWS, count)
        .set(ForwardCode.SCORES, start + SCORES)
        .set(ForwardCode.OUTPUTS, start + outputs(panels, panel))
        .set(ForwardCode.STATE, start + state(panels, panel))
        .set(ForwardCode.MASKS, start + MASKS)
        .set(ForwardCode.LIMITS, start + LIMITS)
        .call(code);
  }

  private void finish(HeadPanels panels, int panel, float[] results, int first) {
    int headDim = panels.headDim();
    int references = state(panels, panel);
    int sums = references + panels.rowBytes();
    for (int lane = 0; lane < panels.heads(panel); lane++) {
      long at = (long) lane * Float.BYTES;
      float sum = own.get(FLOAT, sums + at);
      own.set(FLOAT, sums + at, sum == 0 ? 0 : 1 / sum);
      results[first + lane * (headDim + 1) + headDim] =
          sum == 0
              ? Float.NEGATIVE_INFINITY
              : (float) (own.get(FLOAT, references + at) * Math.log(2) + StrictMath.log(sum));
    }
    // To where its queries were.
    int rows = queries(panels, panel);
    long start = own.address();
    moves[panels.vectors() - 1].unpack(
        start + outputs(panels, panel), start + sums, start + rows, panels.headBytes(), headDim);
    for (int lane = 0; lane < panels.heads(panel); lane++) {
      int to = first + lane * (headDim + 1);
      long from = rows + (long) lane * panels.headBytes();
      MemorySegment.copy(own, FLOAT, from, results, to, headDim);
    }
  }
}
