package dev.lungo.kernel.vector;

import static dev.lungo.kernel.vector.RegisterTile.COLUMNS;

import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.vector.PanelStep.Panel;
import dev.lungo.kernel.vector.PanelStep.State;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// FlashAttention (Dao et al. 2022, arXiv:2205.14135): blocks of keys and values outermost. Each
/// block meets all queries, whose outputs come from memory and go back there, divided by the sum so
/// far, once for every block; sums and references are kept beside them. Parallel over sequences and
/// heads only.
///
/// The backward pass has the same loops in both papers and is that of [VectorAttention], as are
/// decoding steps, where one query meets all keys in any order.
final class FlashAttention1 implements AttentionKernels {
  private final Parallel parallel;
  private final VectorAttention second;
  private final ThreadLocal<Forward> forwards;

  FlashAttention1(Parallel parallel, VectorAttention second, int keyBlock) {
    this.parallel = parallel;
    this.second = second;
    forwards = ThreadLocal.withInitial(() -> new Forward(keyBlock));
  }

  @Override
  public void attention(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    if (shape.queries() <= Kernels.FEW_ROWS && shape.queries() < shape.keys()) {
      second.attention(shape, q, k, v, out, logSumExp);
      return;
    }
    parallel.forRange(
        shape.batch() * shape.heads(),
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            Forward forward = forwards.get();
            forward.attend(shape, i / shape.heads(), i % shape.heads(), q, k, v, out, logSumExp);
          }
        });
  }

  @Override
  public void attentionToStored(
      AttentionShape shape,
      BlockFormat format,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out) {
    second.attentionToStored(shape, format, q, k, v, out);
  }

  @Override
  public void attentionBackward(
      AttentionShape shape,
      MemorySegment dOut,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp,
      MemorySegment dq,
      MemorySegment dk,
      MemorySegment dv) {
    second.attentionBackward(shape, dOut, q, k, v, out, logSumExp, dq, dk, dv);
  }

  /// The forward pass of one head; belongs to one thread.
  private static final class Forward {
    private final PanelStep step;
    private final State state = new State();
    private float[] rows = new float[0];
    private float[] references = new float[0];
    private float[] sums = new float[0];

    Forward(int keyBlock) {
      step = new PanelStep(keyBlock);
    }

    void attend(
        AttentionShape shape,
        int batch,
        int head,
        MemorySegment q,
        MemorySegment k,
        MemorySegment v,
        MemorySegment out,
        MemorySegment logSumExp) {
      reserve(shape);
      int kvHead = head / shape.group();
      int to = shape.visibleKeys(batch, shape.queries() - 1);
      int end = shape.pattern().contiguous() ? to : shape.keys();
      for (int key = shape.hiddenKeys(0); key < end; key += step.keyBlock()) {
        int some = Math.min(step.keyBlock(), end - key);
        boolean packed = false;
        for (int first = 0; first < shape.queries(); first += COLUMNS) {
          Panel panel = new Panel(head, first, Math.min(COLUMNS, shape.queries() - first));
          if (!step.sees(shape, panel, key, some)) {
            continue;
          }
          if (!packed) {
            step.packRun(shape, batch, kvHead, k, v, key, some);
            packed = true;
          }
          load(shape, batch, panel, out);
          step.packQueries(shape, batch, panel, q, state, 0);
          step.advance(shape, panel, state, 0, key, some);
          store(shape, batch, panel, out);
        }
      }
      long at = ((long) batch * shape.heads() + head) * shape.queries();
      for (int i = 0; i < shape.queries(); i++) {
        float logarithm = (float) (references[i] + StrictMath.log(sums[i]));
        logSumExp.setAtIndex(ValueLayout.JAVA_FLOAT, at + i, logarithm);
      }
    }

    private void reserve(AttentionShape shape) {
      int room = shape.queries() + COLUMNS;
      if (references.length < room) {
        references = new float[room];
        sums = new float[room];
      }
      Arrays.fill(references, 0, room, -Float.MAX_VALUE);
      Arrays.fill(sums, 0, room, 0);
      if (rows.length < (COLUMNS + 1) * shape.headDim()) {
        rows = new float[(COLUMNS + 1) * shape.headDim()];
      }
    }

    /// Brings a panel's outputs, times their sums, and its sums and references.
    private void load(AttentionShape shape, int batch, Panel panel, MemorySegment out) {
      int headDim = shape.headDim();
      state.reserve(headDim, 1);
      System.arraycopy(references, panel.first(), state.references, 0, panel.count());
      System.arraycopy(sums, panel.first(), state.sums, 0, panel.count());
      for (int lane = 0; lane < panel.count(); lane++) {
        float sum = state.sums[lane];
        if (sum != 0) {
          long at = row(shape, batch, panel, lane);
          MemorySegment.copy(out, ValueLayout.JAVA_FLOAT, at, rows, 0, headDim);
          for (int d = 0; d < headDim; d++) {
            state.outputs[d * COLUMNS + lane] = rows[d] * sum;
          }
        }
      }
    }

    /// Puts a panel's outputs, divided by their sums, and its sums and references back.
    private void store(AttentionShape shape, int batch, Panel panel, MemorySegment out) {
      int headDim = shape.headDim();
      System.arraycopy(state.references, 0, references, panel.first(), panel.count());
      System.arraycopy(state.sums, 0, sums, panel.first(), panel.count());
      Transposition.copy(state.outputs, 0, COLUMNS, headDim, COLUMNS, rows, 0, headDim);
      for (int lane = 0; lane < panel.count(); lane++) {
        float inverse = state.sums[lane] == 0 ? 0 : 1 / state.sums[lane];
        for (int d = lane * headDim; d < (lane + 1) * headDim; d++) {
          rows[d] *= inverse;
        }
        long at = row(shape, batch, panel, lane);
        MemorySegment.copy(rows, lane * headDim, out, ValueLayout.JAVA_FLOAT, at, headDim);
      }
    }

    private static long row(AttentionShape shape, int batch, Panel panel, int lane) {
      long query = (long) batch * shape.queries() + panel.first() + lane;
      return (query * shape.heads() + panel.head()) * shape.headDim() * Float.BYTES;
    }
  }
}
