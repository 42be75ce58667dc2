package dev.lungo.kernel;

import java.util.OptionalDouble;

/// All kernel groups of one implementation, with the threads that they run on.
public interface Kernels extends AutoCloseable {
  /// Says what this is, for logs and provenance: `Vector API, 8 floats (S_256_BIT), 2 threads`.
  String description();

  Parallel parallel();

  MatmulKernels matmul();

  NormKernels norm();

  ActivationKernels activation();

  AttentionKernels attention();

  PositionKernels position();

  LossKernels loss();

  EmbeddingKernels embedding();

  ElementwiseKernels elementwise();

  OptimizerKernels optimizer();

  /// Measures the floating-point operations a second that these kernels' arithmetic could reach at most on this machine,
  /// all threads together; empty where nobody knows how. Takes a fraction of a second.
  default OptionalDouble peakFlops() {
    return OptionalDouble.empty();
  }

  /// Stops the threads.
  @Override
  default void close() {
    parallel().close();
  }
}
