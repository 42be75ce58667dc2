package dev.lungo.kernel;

/// Kernels in plain Java: what every other implementation is compared with, and what runs where
/// nothing faster can.
public record ScalarKernels(
    Parallel parallel,
    MatmulKernels matmul,
    BlockMatmulKernels blockMatmul,
    NormKernels norm,
    ActivationKernels activation,
    AttentionKernels attention,
    RecurrentKernels recurrent,
    PositionKernels position,
    LossKernels loss,
    EmbeddingKernels embedding,
    ElementwiseKernels elementwise,
    OptimizerKernels optimizer)
    implements Kernels {

  /// Starts the kernels.
  ///
  /// @param threads how many run a kernel, the caller included
  public ScalarKernels(int threads) {
    this(new Parallel(threads));
  }

  /// Bundles the kernels on threads that are already there, for an implementation that borrows some
  /// of them.
  public ScalarKernels(Parallel parallel) {
    this(
        parallel,
        new ScalarMatmul(parallel),
        new ScalarBlockMatmul(),
        new ScalarNorm(),
        new ScalarActivation(),
        new ScalarAttention(parallel),
        new ScalarRecurrent(parallel),
        new ScalarPosition(),
        new ScalarLoss(parallel),
        new ScalarEmbedding(),
        new ScalarElementwise(),
        new ScalarOptimizer());
  }

  @Override
  public Kernels with(AttentionAlgorithm algorithm) {
    AttentionKernels rows = new ScalarAttention(parallel);
    return new ScalarKernels(
        parallel,
        matmul,
        blockMatmul,
        norm,
        activation,
        switch (algorithm) {
          case PLAIN -> new PlainAttention(parallel, matmul, loss, rows);
          case FLASH1, FLASH2 -> rows;
        },
        recurrent,
        position,
        loss,
        embedding,
        elementwise,
        optimizer);
  }

  @Override
  public String description() {
    return "scalar, " + parallel.threads() + (parallel.threads() == 1 ? " thread" : " threads");
  }

  @Override
  public MachinePeak measurePeak() {
    return MachinePeak.measure(this, ScalarPeak::run, ScalarPeak.FLOPS_PER_ITERATION);
  }
}
