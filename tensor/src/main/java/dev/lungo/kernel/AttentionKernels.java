package dev.lungo.kernel;

import dev.lungo.quant.BlockFormat;
import java.lang.foreign.MemorySegment;

/// Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762): out = softmax(scale ·
/// q·kᵀ) · v, head by head; within a window and with bounded scores where [AttentionShape] says so.
public interface AttentionKernels {
  /// Computes attention.
  ///
  /// @param q (B, T, H, D)
  /// @param k (B, capacity, KV heads, D); `v` likewise
  /// @param out (B, T, H, D)
  /// @param logSumExp (B, H, T): log Σ exp of each row of scores, all that the backward pass needs
  ///   beside the inputs (FlashAttention-2, Dao 2023, arXiv:2307.08691)
  void attention(
      AttentionShape shape,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp);

  /// Computes attention to keys and values that are stored in blocks, which are decoded a few at a
  /// time where they are used. Keeps nothing for a backward pass.
  ///
  /// @param format of k and v, of which each position's KV heads · D numbers fill whole blocks
  /// @param q (B, T, H, D)
  /// @param k (B, capacity, KV heads · D); `v` likewise
  /// @param out (B, T, H, D)
  void attentionToStored(
      AttentionShape shape,
      BlockFormat format,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out);

  /// Adds the gradients of [#attention] to `dq`, `dk` and `dv`, shaped like q, k and v.
  void attentionBackward(
      AttentionShape shape,
      MemorySegment dOut,
      MemorySegment q,
      MemorySegment k,
      MemorySegment v,
      MemorySegment out,
      MemorySegment logSumExp,
      MemorySegment dq,
      MemorySegment dk,
      MemorySegment dv);
}
