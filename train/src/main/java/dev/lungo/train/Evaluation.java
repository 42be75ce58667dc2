package dev.lungo.train;

import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Measures a model on held-out text.
public final class Evaluation implements AutoCloseable {
  private final Kernels kernels;
  private final LanguageModel model;
  private final BatchSource heldOut;
  private final long batches;
  private final Shape shape;
  private final int[] bytesOfToken;
  private final Workspace workspace = new Workspace("evaluation");

  /// What held-out text costs.
  ///
  /// @param loss mean nats per token
  /// @param bitsPerByte Σ nats / (ln 2 · bytes of text), which does not depend on the tokenizer;
  ///   special tokens count no bytes
  public record Result(double loss, double bitsPerByte, long tokens, long bytes) {}

  /// @param heldOut batches 0 to `batches` - 1 are measured
  /// @param bytesOfToken how many bytes of text each id stands for
  public Evaluation(
      Kernels kernels,
      LanguageModel model,
      BatchSource heldOut,
      long batches,
      int batch,
      int length,
      int[] bytesOfToken) {
    this.kernels = kernels;
    this.model = model;
    this.heldOut = heldOut;
    this.batches = batches;
    this.shape = Shape.of(batch, length);
    this.bytesOfToken = bytesOfToken.clone();
  }

  /// Runs the model over the held-out batches.
  public Result run() {
    double nats = 0;
    long tokens = 0;
    long bytes = 0;
    for (long i = 0; i < batches; i++) {
      workspace.reset();
      Tensor ids = workspace.allocate(shape, DType.INT32);
      Tensor targets = workspace.allocate(shape, DType.INT32);
      heldOut.fill(i, ids, targets);
      Pass pass = Pass.inference(kernels, workspace);
      CrossEntropy.Loss loss = model.loss(pass, ids, targets);
      MemorySegment losses = loss.perToken().data();
      MemorySegment expected = targets.data();
      for (long j = 0; j < targets.elements(); j++) {
        nats += losses.getAtIndex(ValueLayout.JAVA_FLOAT, j);
        bytes += bytesOfToken[expected.getAtIndex(ValueLayout.JAVA_INT, j)];
        tokens++;
      }
    }
    return new Result(nats / tokens, nats / (Math.log(2) * bytes), tokens, bytes);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
