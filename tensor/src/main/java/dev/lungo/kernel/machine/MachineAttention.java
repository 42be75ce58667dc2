package dev.lungo.kernel.machine;

import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.AttentionStretches;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MemoryInUse;
import dev.lungo.kernel.Parallel;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;

/// FlashAttention-2 in machine code, for queries that each see one run of keys: many, or a few
/// whose heads share keys. Everything else by other kernels, and scores that are both bounded and
/// biased.
final class MachineAttention implements AttentionKernels {
  /// Queries of a task, which share copied keys.
  private static final int QUERIES = 512;

  private static final int LARGEST_HEAD = 256;

  /// Pairs of queries and keys of a head: with fewer, the first call would wait longer for the code
  /// than it saves.
  private static final int FEWEST_PAIRS = 1 << 12;

  private final Parallel parallel;
  private final AttentionKernels others;
  private final VectorUnit unit;
  private final ThreadLocal<AttentionForward> forwards;
  private final ThreadLocal<GroupDecode> groupDecodes;
  private final ThreadLocal<PanelDecode> panelDecodes;
  private final ThreadLocal<HeadDecode> headDecodes;
  private final ThreadLocal<AttentionBackward> backwards;

  MachineAttention(Parallel parallel, AttentionKernels others, VectorUnit unit) {
    this.parallel = parallel;
    this.others = others;
    this.unit = unit;
    this.forwards = ThreadLocal.withInitial(() -> new AttentionForward(unit));
    this.groupDecodes = ThreadLocal.withInitial(GroupDecode::new);
    this.panelDecodes = ThreadLocal.withInitial(PanelDecode::new);
    this.headDecodes = ThreadLocal.withInitial(() -> new HeadDecode(unit));
    this.backwards = ThreadLocal.withInitial(() -> new AttentionBackward(unit));
  }

  private static boolean serves(AttentionShape shape) {
    return shape.headDim() % 16 == 0
        && shape.headDim() <= LARGEST_HEAD
        && shape.pattern().contiguous()
        && !(shape.alibi() && shape.capped());
  }

  @Override
  public void attention(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    if (!serves(shape)) {
      others.attention(shape, q, k, v, out, logSumExp);
    } else if (shape.queries() <= Kernels.FEW_ROWS) {
      decode(shape, q, k, v, out, logSumExp);
    } else if ((long) shape.queries() * shape.keys() < FEWEST_PAIRS) {
      others.attention(shape, q, k, v, out, logSumExp);
    } else {
      attendToAll(shape, q, k, v, out, logSumExp);
    }
  }

  private void decode(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    long use = MemoryInUse.begin();
    try {
      long keys = MemoryInUse.address(k, 0, keyBytes(shape));
      long values = MemoryInUse.address(v, 0, keyBytes(shape));
      if (PanelDecode.serves(shape, unit)) {
        HeadPanels panels = new HeadPanels(shape);
        long queryBytes = queries(shape) * shape.headDim() * Float.BYTES;
        PanelDecode.Operands operands =
            new PanelDecode.Operands(MemoryInUse.address(q, 0, queryBytes), keys, values);
        AttentionStretches.attend(
            parallel,
            shape,
            panels.stretch(),
            shape.kvHeads(),
            (batch, first, all, stretch, results, at) ->
                panelDecodes.get().attend(shape, panels, batch, stretch, operands, results, at),
            out,
            logSumExp);
      } else if (GroupDecode.serves(shape, unit)) {
        AttentionStretches.attend(
            parallel,
            shape,
            GroupDecode.STRETCH,
            1,
            (batch, kvHead, one, stretch, results, at) ->
                groupDecodes
                    .get()
                    .attend(shape, batch, kvHead, stretch, q, keys, values, results, at),
            out,
            logSumExp);
      } else {
        AttentionStretches.attend(
            parallel,
            shape,
            HeadDecode.STRETCH,
            HeadDecode.together(shape, parallel.threads()),
            (batch, kvHead, kvHeads, stretch, results, at) ->
                headDecodes
                    .get()
                    .attend(
                        new HeadDecode.Part(shape, batch, kvHead, kvHeads, stretch, k, v),
                        q,
                        results,
                        at),
            out,
            logSumExp);
      }
    } finally {
      MemoryInUse.end(use);
    }
  }

  private void attendToAll(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    int columns = unit.columns();
    int block = Math.max(columns, QUERIES / shape.group() / columns * columns);
    int blocks = (shape.queries() - 1) / block + 1;
    long use = MemoryInUse.begin();
    try {
      long keyBytes = keyBytes(shape);
      long queryBytes = queries(shape) * shape.headDim() * Float.BYTES;
      MemoryInUse.address(logSumExp, 0, queries(shape) * Float.BYTES);
      AttentionForward.Operands operands =
          new AttentionForward.Operands(
              MemoryInUse.address(q, 0, queryBytes),
              MemoryInUse.address(k, 0, keyBytes),
              MemoryInUse.address(v, 0, keyBytes),
              MemoryInUse.address(out, 0, queryBytes),
              logSumExp);
      parallel.forRange(
          shape.batch() * shape.kvHeads() * blocks,
          1,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              int head = i / blocks;
              // The last queries see the most keys: whoever is free takes what is left of the
              // first.
              int first = (blocks - 1 - i % blocks) * block;
              int count = Math.min(block, shape.queries() - first);
              forwards
                  .get()
                  .attend(
                      shape,
                      head / shape.kvHeads(),
                      head % shape.kvHeads(),
                      first,
                      count,
                      operands);
            }
          });
    } finally {
      MemoryInUse.end(use);
    }
  }

  @Override
  public void attentionToStored(
      AttentionShape shape,
      BlockFormat format,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out) {
    others.attentionToStored(shape, format, q, k, v, out);
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
    if (!serves(shape)
        || shape.queries() <= Kernels.FEW_ROWS
        || shape.headDim() % unit.columns() != 0) {
      others.attentionBackward(shape, dOut, q, k, v, out, logSumExp, dq, dk, dv);
      return;
    }
    long use = MemoryInUse.begin();
    try {
      long queryBytes = queries(shape) * shape.headDim() * Float.BYTES;
      long keyBytes = keyBytes(shape);
      MemoryInUse.address(logSumExp, 0, queries(shape) * Float.BYTES);
      AttentionBackward.Operands operands =
          new AttentionBackward.Operands(
              MemoryInUse.address(dOut, 0, queryBytes),
              MemoryInUse.address(q, 0, queryBytes),
              MemoryInUse.address(k, 0, keyBytes),
              MemoryInUse.address(v, 0, keyBytes),
              MemoryInUse.address(out, 0, queryBytes),
              logSumExp,
              MemoryInUse.address(dq, 0, queryBytes),
              MemoryInUse.address(dk, 0, keyBytes),
              MemoryInUse.address(dv, 0, keyBytes));
      parallel.forRange(
          shape.batch() * shape.kvHeads(),
          1,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              backwards
                  .get()
                  .differentiate(shape, i / shape.kvHeads(), i % shape.kvHeads(), operands);
            }
          });
    } finally {
      MemoryInUse.end(use);
    }
  }

  private static long queries(AttentionShape shape) {
    return (long) shape.batch() * shape.queries() * shape.heads();
  }

  private static long keyBytes(AttentionShape shape) {
    long keys = (long) shape.batch() * shape.keyCapacity() * shape.kvHeads();
    return keys * shape.headDim() * Float.BYTES;
  }
}
