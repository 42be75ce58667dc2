package dev.lungo.kernel;

/// All kernel groups of one implementation, with the threads that they run on.
public interface Kernels extends AutoCloseable {
  /// Up to so many rows of a matrix product, and queries of attention, come out with the same bits
  /// whether they are computed together or one by one. With more, other loops pay, which add up in
  /// another order.
  int FEW_ROWS = 12;

  /// Says what this is, for logs and provenance: `Vector API, 8 floats (S_256_BIT), 2 threads`.
  String description();

  Parallel parallel();

  MatmulKernels matmul();

  BlockMatmulKernels blockMatmul();

  NormKernels norm();

  ActivationKernels activation();

  AttentionKernels attention();

  /// Returns the same kernels, on the same threads, with another algorithm of attention. The scalar
  /// ones know the plain one, and compute row by row for both others.
  Kernels with(AttentionAlgorithm algorithm);

  RecurrentKernels recurrent();

  PositionKernels position();

  LossKernels loss();

  EmbeddingKernels embedding();

  ElementwiseKernels elementwise();

  OptimizerKernels optimizer();

  /// Measures the most that these kernels' threads could reach together on this machine. Takes a
  /// second or less, the first time in a process.
  MachinePeak measurePeak();

  /// Stops the threads.
  @Override
  default void close() {
    parallel().close();
  }
}
