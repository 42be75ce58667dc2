package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.vector.PanelStep.Panel;
import dev.lungo.kernel.vector.PanelStep.State;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The forward pass of FlashAttention-2 for one block of queries and one key/value head; belongs to
/// one thread. The queries stay, the keys pass by, and outputs are divided by their sums once, at
/// the end.
final class AttentionForward {
  private final PanelStep step;
  private final GatheredKeys gathered = new GatheredKeys();
  private final State state = new State();
  private float[] rows = new float[0];

  AttentionForward(int keyBlock) {
    step = new PanelStep(keyBlock);
  }

  /// Attends from queries `first` to `first + count` of all heads that read key/value head
  /// `kvHead`.
  void attend(
      AttentionShape shape,
      int batch,
      int kvHead,
      int first,
      int count,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    int perHead = (count - 1) / COLUMNS + 1;
    int panels = shape.group() * perHead;
    int firstHead = kvHead * shape.group();
    state.reserve(shape.headDim(), panels);
    for (int i = 0; i < panels; i++) {
      Panel panel = panel(i, perHead, firstHead, first, count);
      step.packQueries(shape, batch, panel, q, state, i);
    }
    int from = shape.hiddenKeys(first);
    int to = shape.visibleKeys(batch, first + count - 1);
    for (int key = from; key < to; key += step.keyBlock()) {
      int some = Math.min(step.keyBlock(), to - key);
      step.packRun(shape, batch, kvHead, k, v, key, some);
      for (int i = 0; i < panels; i++) {
        step.advance(shape, panel(i, perHead, firstHead, first, count), state, i, key, some);
      }
    }
    if (!shape.pattern().contiguous()) {
      gathered.pickFar(shape, first, count, from, Math.max(from, to));
      for (int at = 0; at < gathered.count(); at += step.keyBlock()) {
        int some = Math.min(step.keyBlock(), gathered.count() - at);
        gathered.copy(shape, batch, kvHead, k, v, at, some);
        step.packPicked(shape, gathered, at, some);
        for (int i = 0; i < panels; i++) {
          step.advance(shape, panel(i, perHead, firstHead, first, count), state, i, 0, some);
        }
      }
    }
    for (int i = 0; i < panels; i++) {
      store(shape, batch, panel(i, perHead, firstHead, first, count), i, out, logSumExp);
    }
  }

  private static Panel panel(int index, int perHead, int firstHead, int first, int count) {
    int start = index % perHead * COLUMNS;
    return new Panel(firstHead + index / perHead, first + start, Math.min(COLUMNS, count - start));
  }

  private void store(
      AttentionShape shape,
      int batch,
      Panel panel,
      int index,
      MemorySegment out,
      MemorySegment logSumExp) {
    int headDim = shape.headDim();
    if (rows.length < COLUMNS * headDim) {
      rows = new float[COLUMNS * headDim];
    }
    int from = index * state.outputLength;
    Transposition.copy(state.outputs, from, COLUMNS, headDim, COLUMNS, rows, 0, headDim);
    for (int lane = 0; lane < panel.count(); lane++) {
      int query = panel.first() + lane;
      float sum = state.sums[index * COLUMNS + lane];
      float inverse = 1 / sum;
      long row =
          (((long) batch * shape.queries() + query) * shape.heads() + panel.head()) * headDim;
      for (int d = lane * headDim; d < (lane + 1) * headDim; d++) {
        rows[d] *= inverse;
      }
      MemorySegment.copy(
          rows, lane * headDim, out, ValueLayout.JAVA_FLOAT, row * Float.BYTES, headDim);
      long at = ((long) batch * shape.heads() + panel.head()) * shape.queries() + query;
      float logarithm = (float) (state.references[index * COLUMNS + lane] + StrictMath.log(sum));
      logSumExp.setAtIndex(ValueLayout.JAVA_FLOAT, at, logarithm);
    }
  }
}
