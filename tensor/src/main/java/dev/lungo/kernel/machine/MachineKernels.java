package dev.lungo.kernel.machine;

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
import dev.lungo.kernel.PositionKernels;
import dev.lungo.kernel.RecurrentKernels;
import java.util.Optional;

/// Other kernels, with attention in machine code, and with AVX-512 products of stored weights and
/// SwiGLU, too.
///
/// @param others what does everything else
/// @param unit the vectors of this processor
public record MachineKernels(
    Kernels others,
    VectorUnit unit,
    BlockMatmulKernels blockMatmul,
    ActivationKernels activation,
    AttentionKernels attention)
    implements Kernels {
  /// Says what keeps these kernels from running; empty when nothing does. Called by reflection.
  public static Optional<String> obstacle() {
    return Processor.obstacle();
  }

  /// Takes over from `others` what is faster here. Called by reflection.
  public static MachineKernels over(Kernels others) {
    VectorUnit unit = Processor.unit();
    boolean all = unit == VectorUnit.AVX512;
    Parallel parallel = others.parallel();
    return new MachineKernels(
        others,
        unit,
        all ? new MachineBlockMatmul(parallel, others.blockMatmul()) : others.blockMatmul(),
        all ? new MachineActivation(parallel, others.activation()) : others.activation(),
        new MachineAttention(parallel, others.attention(), unit));
  }

  @Override
  public Kernels with(AttentionAlgorithm algorithm) {
    Kernels with = others.with(algorithm);
    AttentionKernels chosen =
        algorithm == AttentionAlgorithm.FLASH2
            ? new MachineAttention(parallel(), with.attention(), unit)
            : with.attention();
    return new MachineKernels(with, unit, blockMatmul, activation, chosen);
  }

  @Override
  public String description() {
    return others.description()
        + (unit == VectorUnit.AVX512
            ? "; stored weights and attention in AVX-512 machine code"
            : "; attention in AVX2 machine code");
  }

  @Override
  public MachinePeak measurePeak() {
    return others.measurePeak();
  }

  @Override
  public Parallel parallel() {
    return others.parallel();
  }

  @Override
  public MatmulKernels matmul() {
    return others.matmul();
  }

  @Override
  public NormKernels norm() {
    return others.norm();
  }

  @Override
  public RecurrentKernels recurrent() {
    return others.recurrent();
  }

  @Override
  public PositionKernels position() {
    return others.position();
  }

  @Override
  public LossKernels loss() {
    return others.loss();
  }

  @Override
  public EmbeddingKernels embedding() {
    return others.embedding();
  }

  @Override
  public ElementwiseKernels elementwise() {
    return others.elementwise();
  }

  @Override
  public OptimizerKernels optimizer() {
    return others.optimizer();
  }
}
