package dev.lungo.kernel.vector;

import dev.lungo.kernel.ActivationKernels;
import dev.lungo.kernel.AttentionAlgorithm;
import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.BlockMatmulKernels;
import dev.lungo.kernel.ElementwiseKernels;
import dev.lungo.kernel.EmbeddingKernels;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.LossKernels;
import dev.lungo.kernel.MachinePeak;
import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.NormKernels;
import dev.lungo.kernel.OptimizerKernels;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.PlainAttention;
import dev.lungo.kernel.PositionKernels;
import dev.lungo.kernel.RecurrentKernels;
import java.util.Optional;

/// Kernels in the Vector API.
public record VectorKernels(
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

  /// Starts the kernels. Called by reflection.
  ///
  /// @param threads how many run a kernel, the caller included
  public static VectorKernels open(int threads) {
    Parallel parallel = new Parallel(threads);
    VectorMatmul matmul = new VectorMatmul(parallel);
    return new VectorKernels(
        parallel,
        matmul,
        new VectorBlockMatmul(parallel, matmul),
        new VectorNorm(parallel),
        new VectorActivation(parallel),
        new VectorAttention(parallel),
        new VectorRecurrent(parallel, matmul),
        new VectorPosition(parallel),
        new VectorLoss(parallel),
        new VectorEmbedding(parallel),
        new VectorElementwise(parallel),
        new VectorOptimizer(parallel));
  }

  @Override
  public Kernels with(AttentionAlgorithm algorithm) {
    VectorAttention second = new VectorAttention(parallel);
    int keyBlock = VectorAttention.BlockSizes.USUAL.forwardKeys();
    return new VectorKernels(
        parallel,
        matmul,
        blockMatmul,
        norm,
        activation,
        switch (algorithm) {
          case PLAIN -> new PlainAttention(parallel, matmul, loss, second);
          case FLASH1 -> new FlashAttention1(parallel, second, keyBlock);
          case FLASH2 -> second;
        },
        recurrent,
        position,
        loss,
        embedding,
        elementwise,
        optimizer);
  }

  /// Says what makes vectors useless on this machine; empty when nothing does. Called by
  /// reflection.
  public static Optional<String> obstacle() {
    return Lanes.LENGTH >= 4
        ? Optional.empty()
        : Optional.of(
            "this machine's vectors hold "
                + Lanes.LENGTH
                + " floats; a processor with 128-bit vectors is needed");
  }

  @Override
  public String description() {
    int threads = parallel.threads();
    return "Vector API, "
        + Lanes.LENGTH
        + " floats ("
        + Lanes.SPECIES.vectorShape()
        + "), "
        + threads
        + (threads == 1 ? " thread" : " threads");
  }

  @Override
  public MachinePeak measurePeak() {
    return MachinePeak.measure(this, VectorPeak::run, VectorPeak.FLOPS_PER_ITERATION);
  }
}
