package dev.lungo.kernel.vector;

import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.AttentionStretches;
import dev.lungo.kernel.AttentionTraffic;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.MemoryInUse;
import dev.lungo.kernel.Parallel;
import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;

/// FlashAttention-2 (Dao 2023, arXiv:2307.08691) on vectors: no row of scores is ever whole, only
/// its log-sum-exp is kept.
///
/// Everything is computed transposed, keys down and queries across the lanes, so that a softmax
/// never sums within a vector and the scores come out of one matrix product in the layout that the
/// next one reads. The forward pass shares out blocks of queries; the backward pass shares out
/// key/value heads, so that every sum has one order.
public final class VectorAttention implements AttentionKernels {
  /// Up to so many queries are answered row by row, reading keys and values where they are.
  private static final int FEW_QUERIES = Kernels.FEW_ROWS;

  private final Parallel parallel;
  private final BlockSizes sizes;
  private final ThreadLocal<AttentionForward> forwards;
  private final ThreadLocal<AttentionBackward> backwards;
  private final ThreadLocal<AttentionRows> rows = ThreadLocal.withInitial(AttentionRows::new);
  private final ThreadLocal<GroupRows> groups = ThreadLocal.withInitial(GroupRows::new);

  private final ThreadLocal<StoredAttentionRows> storedRows =
      ThreadLocal.withInitial(StoredAttentionRows::new);

  public VectorAttention(Parallel parallel) {
    this(parallel, BlockSizes.USUAL);
  }

  VectorAttention(Parallel parallel, BlockSizes sizes) {
    this.parallel = parallel;
    this.sizes = sizes;
    forwards = ThreadLocal.withInitial(() -> new AttentionForward(sizes.forwardKeys()));
    backwards =
        ThreadLocal.withInitial(
            () -> new AttentionBackward(sizes.backwardQueries(), sizes.backwardKeys()));
  }

  /// How many queries and keys meet at once.
  ///
  /// @param forwardQueries of one task, which share the packed keys and values
  /// @param forwardKeys packed at once, a multiple of the register tile's rows
  /// @param backwardQueries packed at once, a multiple of its columns
  /// @param backwardKeys packed at once
  record BlockSizes(int forwardQueries, int forwardKeys, int backwardQueries, int backwardKeys) {
    static final BlockSizes USUAL =
        new BlockSizes(
            AttentionTraffic.QUERIES,
            AttentionTraffic.KEYS / RegisterTile.ROWS * RegisterTile.ROWS,
            4 * RegisterTile.COLUMNS,
            192 / RegisterTile.ROWS * RegisterTile.ROWS);
  }

  @Override
  public void attention(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    if (shape.queries() <= FEW_QUERIES && GroupRows.serves(shape)) {
      AttentionStretches.attend(
          parallel,
          shape,
          GroupRows.STRETCH,
          1,
          (batch, kvHead, one, stretch, results, at) ->
              groups.get().attend(shape, batch, kvHead, stretch, q, k, v, results, at),
          out,
          logSumExp);
      return;
    }
    if (shape.queries() <= FEW_QUERIES) {
      attendRows(shape, q, k, v, out, logSumExp);
      return;
    }
    int columns = RegisterTile.COLUMNS;
    // Strided queries see other far keys each, so that only a few share what is gathered.
    int most =
        shape.pattern() instanceof AttentionPattern.Strided ? columns : sizes.forwardQueries();
    int block = Math.max(columns, most / shape.group() / columns * columns);
    int blocks = (shape.queries() - 1) / block + 1;
    parallel.forRange(
        shape.batch() * shape.kvHeads() * blocks,
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            int head = i / blocks;
            int first = i % blocks * block;
            forwards
                .get()
                .attend(
                    shape,
                    head / shape.kvHeads(),
                    head % shape.kvHeads(),
                    first,
                    Math.min(block, shape.queries() - first),
                    q,
                    k,
                    v,
                    out,
                    logSumExp);
          }
        });
  }

  private void attendRows(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp) {
    long use = MemoryInUse.begin();
    try {
      parallel.forRange(
          shape.batch() * shape.kvHeads(),
          1,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              rows.get()
                  .attend(shape, i / shape.kvHeads(), i % shape.kvHeads(), q, k, v, out, logSumExp);
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
    parallel.forRange(
        shape.batch() * shape.kvHeads(),
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            storedRows
                .get()
                .attend(shape, format, i / shape.kvHeads(), i % shape.kvHeads(), q, k, v, out);
          }
        });
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
    AttentionBackward.Memory memory =
        new AttentionBackward.Memory(dOut, q, k, v, out, logSumExp, dq, dk, dv);
    parallel.forRange(
        shape.batch() * shape.kvHeads(),
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            backwards.get().differentiate(shape, i / shape.kvHeads(), i % shape.kvHeads(), memory);
          }
        });
  }
}
