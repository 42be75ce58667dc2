package dev.lungo.bench;

import dev.lungo.bench.OperationCase.Outcome;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.op.Activations;
import dev.lungo.op.Attention;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Embedding;
import dev.lungo.op.Linear;
import dev.lungo.op.Norms;
import dev.lungo.op.Pass;
import dev.lungo.op.Rotary;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;

/// Our side of the comparison of operations.
final class LungoOperations {
  private final Kernels kernels;

  LungoOperations(Kernels kernels) {
    this.kernels = kernels;
  }

  /// Computes an operation and its gradients; see [OperationPeer#compute].
  Outcome compute(OperationCase one, float[][] inputs, float[] dOutput) {
    try (Workspace workspace = new Workspace("operation")) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < inputs.length; i++) {
        tensors.add(workspace.allocate(one.inputs().get(i)).set(inputs[i]).requireGradient());
      }
      Pass pass = Pass.training(kernels, workspace);
      Tensor output = forward(pass, one, tensors);
      float[] weights = new float[Math.toIntExact(output.elements())];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = dOutput[i % dOutput.length];
      }
      pass.backward(output, workspace.allocate(output.shape(), DType.FLOAT32).set(weights));
      List<float[]> gradients = new ArrayList<>();
      for (Tensor tensor : tensors) {
        gradients.add(tensor.gradient().orElseThrow().toFloats());
      }
      return new Outcome(output.toFloats(), gradients);
    }
  }

  private static Tensor forward(Pass pass, OperationCase one, List<Tensor> in) {
    Tensor x = in.getFirst();
    float epsilon = (float) one.parameter();
    return switch (one.kind()) {
      case LINEAR -> Linear.linear(pass, x, in.get(1));
      case LINEAR_BIAS -> Linear.linear(pass, x, in.get(1), in.get(2));
      case RMS_NORM -> Norms.rmsNorm(pass, x, in.get(1), epsilon);
      case LAYER_NORM -> Norms.layerNorm(pass, x, in.get(1), in.get(2), epsilon);
      case SWIGLU -> Activations.swiGlu(pass, x, in.get(1));
      case GELU -> Activations.gelu(pass, x);
      case RELU -> Activations.relu(pass, x);
      case CROSS_ENTROPY ->
          CrossEntropy.linearCrossEntropy(pass, x, in.get(1), ids(pass, one)).mean();
      case CAUSAL_ATTENTION -> Attention.causal(pass, x, in.get(1), in.get(2));
      case EMBEDDING -> Embedding.embedding(pass, ids(pass, one), x);
      case ROTARY_HALVES -> rotary(pass, x, RotaryLayout.HALVES, one.parameter());
      case ROTARY_INTERLEAVED -> rotary(pass, x, RotaryLayout.INTERLEAVED, one.parameter());
    };
  }

  private static Tensor ids(Pass pass, OperationCase one) {
    return pass.workspace().allocate(Shape.of(one.ids().length), DType.INT32).set(one.ids());
  }

  private static Tensor rotary(Pass pass, Tensor x, RotaryLayout layout, double base) {
    Shape shape = x.shape();
    Rotary.Table table =
        Rotary.table(pass.workspace(), layout, shape.dimension(1), shape.width(), base);
    return Rotary.rotary(pass, x, table, 0);
  }
}
