package dev.lungo.train;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.TranslationBatch;
import dev.lungo.nn.Dropouts;
import dev.lungo.op.Pass;
import dev.lungo.optim.GradientNorm;
import dev.lungo.optim.Optimizer;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.List;

/// One step of learning to translate: forward and backward over a batch of pairs, clipping, and a
/// step of each optimizer.
public final class TranslationStep implements AutoCloseable {
  private final Kernels kernels;
  private final EncoderDecoder model;
  private final List<Optimizer> optimizers;
  private final float dropout;
  private final float smoothing;
  private final double clip;
  private final long seed;
  private final Workspace workspace = new Workspace("translation training step");

  /// @param dropout probability of an element to be dropped
  /// @param smoothing ε of label smoothing, which the reported loss includes
  /// @param clip the most that the gradients' norm may be
  /// @param seed of the dropout masks
  public TranslationStep(
      Kernels kernels,
      EncoderDecoder model,
      List<Optimizer> optimizers,
      float dropout,
      float smoothing,
      double clip,
      long seed) {
    this.kernels = kernels;
    this.model = model;
    this.optimizers = optimizers;
    this.dropout = dropout;
    this.smoothing = smoothing;
    this.clip = clip;
    this.seed = seed;
  }

  /// Takes step number `step`, from 1.
  public TrainingStep.Result run(long step, List<TranslationBatch.Pair> pairs, double rateFactor) {
    model.parameters().zeroGradients();
    workspace.reset();
    TranslationBatch batch = TranslationBatch.of(workspace, model.config(), pairs);
    Pass pass = Pass.training(kernels, workspace);
    Dropouts dropouts = new Dropouts(dropout, RandomNumbers.mix(seed) + step);
    Tensor mean = model.loss(pass, batch, dropouts, smoothing).mean();
    double loss = mean.at(0);
    pass.backward(mean);
    double norm = GradientNorm.of(kernels, model.parameters());
    boolean finite = Double.isFinite(loss) && Double.isFinite(norm);
    if (finite) {
      float scale = GradientNorm.scale(norm, clip);
      for (Optimizer optimizer : optimizers) {
        optimizer.step(step, scale, rateFactor);
      }
    }
    return new TrainingStep.Result(loss, norm, finite);
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
