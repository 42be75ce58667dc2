package dev.lungo.train;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameters;
import dev.lungo.op.Pass;
import dev.lungo.optim.GradientNorm;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.List;

/// One step of training: forward and backward over a few micro-batches, clipping, and a step of
/// each optimizer.
public final class TrainingStep implements AutoCloseable {
  private final Kernels kernels;
  private final LanguageModel model;
  private final Parameters trained;
  private final List<Optimizer> optimizers;
  private final Shape microBatch;
  private final int microBatches;
  private final double clip;
  private final Workspace workspace = new Workspace("training step");

  /// What a step came to.
  ///
  /// @param loss mean loss in nats per token, before the step
  /// @param gradientNorm length of all gradients before clipping
  /// @param applied whether parameters changed: not if the loss or a gradient was no finite number
  public record Result(double loss, double gradientNorm, boolean applied) {}

  /// @param batch sequences in a micro-batch
  /// @param length of each sequence
  /// @param microBatches whose gradients are added up before the optimizers step
  /// @param clip the most that the gradients' norm may be
  public TrainingStep(
      Kernels kernels,
      LanguageModel model,
      List<Optimizer> optimizers,
      int batch,
      int length,
      int microBatches,
      double clip) {
    this(kernels, model, model.parameters(), optimizers, batch, length, microBatches, clip);
  }

  /// @param trained the parameters that have gradients, such as those of adapters
  public TrainingStep(
      Kernels kernels,
      LanguageModel model,
      Parameters trained,
      List<Optimizer> optimizers,
      int batch,
      int length,
      int microBatches,
      double clip) {
    this.kernels = kernels;
    this.model = model;
    this.trained = trained;
    this.optimizers = optimizers;
    this.microBatch = Shape.of(batch, length);
    this.microBatches = microBatches;
    this.clip = clip;
  }

  /// Takes step number `step`, from 1.
  public Result run(long step, BatchSource batches, double rateFactor) {
    trained.zeroGradients();
    double loss = 0;
    for (int micro = 0; micro < microBatches; micro++) {
      workspace.reset();
      Tensor ids = workspace.allocate(microBatch, DType.INT32);
      Tensor targets = workspace.allocate(microBatch, DType.INT32);
      batches.fill((step - 1) * microBatches + micro, ids, targets);
      Pass pass = Pass.training(kernels, workspace);
      Tensor mean = model.loss(pass, ids, targets).mean();
      loss += mean.at(0) / microBatches;
      pass.backward(mean, workspace.allocate(Shape.of(), DType.FLOAT32).fill(1f / microBatches));
    }
    double norm = GradientNorm.of(kernels, trained);
    boolean finite = Double.isFinite(loss) && Double.isFinite(norm);
    if (finite) {
      float scale = GradientNorm.scale(norm, clip);
      for (Optimizer optimizer : optimizers) {
        optimizer.step(step, scale, rateFactor);
      }
    }
    return new Result(loss, norm, finite);
  }

  /// Returns the most memory that activations took, in bytes.
  public long peakBytes() {
    return workspace.peakBytes();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
