package dev.lungo.kernel.vector;

import dev.lungo.kernel.ActivationKernels;
import dev.lungo.kernel.AttentionKernels;
import dev.lungo.kernel.ElementwiseKernels;
import dev.lungo.kernel.EmbeddingKernels;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.LossKernels;
import dev.lungo.kernel.MatmulKernels;
import dev.lungo.kernel.NormKernels;
import dev.lungo.kernel.OptimizerKernels;
import dev.lungo.kernel.Parallel;
import dev.lungo.kernel.PositionKernels;
import dev.lungo.kernel.ScalarKernels;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// Kernels in the Vector API.
public record VectorKernels(
    Parallel parallel,
    MatmulKernels matmul,
    NormKernels norm,
    ActivationKernels activation,
    AttentionKernels attention,
    PositionKernels position,
    LossKernels loss,
    EmbeddingKernels embedding,
    ElementwiseKernels elementwise,
    OptimizerKernels optimizer)
    implements Kernels {

  /// As many floats as this machine takes at once.
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  /// Starts the kernels. Called by reflection.
  ///
  /// @param threads how many run a kernel, the caller included
  public static VectorKernels open(int threads) {
    ScalarKernels scalar = new ScalarKernels(threads);
    return new VectorKernels(
        scalar.parallel(),
        new VectorMatmul(scalar.parallel()),
        scalar.norm(),
        scalar.activation(),
        scalar.attention(),
        scalar.position(),
        scalar.loss(),
        scalar.embedding(),
        scalar.elementwise(),
        scalar.optimizer());
  }

  /// Says what makes vectors useless on this machine; empty when nothing does. Called by reflection.
  public static Optional<String> obstacle() {
    return SPECIES.length() >= 4
        ? Optional.empty()
        : Optional.of(
            "this machine's vectors hold " + SPECIES.length() + " floats; a processor with 128-bit vectors is needed");
  }

  @Override
  public String description() {
    int threads = parallel.threads();
    return "Vector API, " + SPECIES.length() + " floats (" + SPECIES.vectorShape() + "), " + threads
        + (threads == 1 ? " thread" : " threads");
  }
}
