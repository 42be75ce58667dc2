/// Kernels: pure functions over memory and dimensions. No tensor, no tape, no model.
///
/// Each group of operations is an interface ([MatmulKernels], [NormKernels], [AttentionKernels], …)
/// with two implementations: a scalar one in this package that reads like the formula, and one in
/// `dev.lungo.kernel.vector` that is fast. [Kernels] bundles the groups; [KernelChoice] picks an
/// implementation and says why. Another implementation (a GPU, a native BLAS) moves in here and
/// nothing above changes.
///
/// Conventions, said once:
/// - Memory is native-order float32 (or int32 for ids) in a native
///   [java.lang.foreign.MemorySegment]; a segment starts at the tensor's first element. Offsets,
///   strides and counts are in elements, never in bytes.
/// - Matrices are row-major; the last dimension is contiguous.
/// - **Backward kernels accumulate** (`+=`) into the gradients that they are given; forward kernels
///   overwrite.
/// - The letters: B batch, T positions, C model width, H heads, D head dimension, F feed-forward
///   width, V vocabulary, N rows of any kind.
/// - The same arguments give the same bits for any number of threads: work is split by shape, never
///   by thread count, and every sum has one order.
@NullMarked
package dev.lungo.kernel;

import org.jspecify.annotations.NullMarked;
