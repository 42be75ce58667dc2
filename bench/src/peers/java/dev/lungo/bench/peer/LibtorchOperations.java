package dev.lungo.bench.peer;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.cross_entropy;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.rms_norm;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.silu;
import static org.bytedeco.pytorch.global.torch.stack;

import dev.lungo.bench.OperationCase;
import dev.lungo.bench.OperationCase.Outcome;
import dev.lungo.bench.OperationPeer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CrossEntropyLossOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;

/// libtorch's operations and the gradients of its autograd.
public final class LibtorchOperations implements OperationPeer {
  @Override
  public String name() {
    return "libtorch 2.10.0";
  }

  @Override
  public Outcome compute(OperationCase one, float[][] inputs, float[] dOutput) {
    try (PointerScope _ = new PointerScope()) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < inputs.length; i++) {
        long[] shape = Arrays.stream(one.inputs().get(i)).asLongStream().toArray();
        tensors.add(Tensor.create(inputs[i], shape).clone().set_requires_grad(true));
      }
      Tensor output = forward(one, tensors);
      float[] weights = new float[(int) output.numel()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = dOutput[i % dOutput.length];
      }
      output.flatten().mul(Tensor.create(weights, weights.length)).sum().backward();
      List<float[]> gradients = new ArrayList<>();
      for (Tensor tensor : tensors) {
        gradients.add(floats(tensor.grad()));
      }
      return new Outcome(floats(output.detach()), gradients);
    }
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    FloatBuffer buffer = tensor.contiguous().createBuffer();
    buffer.get(values);
    return values;
  }

  private static Tensor forward(OperationCase one, List<Tensor> in) {
    Tensor x = in.getFirst();
    return switch (one.kind()) {
      case LINEAR -> linear(x, in.get(1));
      case LINEAR_BIAS -> linear(x, in.get(1), new TensorOptional(in.get(2)));
      case RMS_NORM ->
          rms_norm(x, width(x), new TensorOptional(in.get(1)), new DoubleOptional(one.parameter()));
      case LAYER_NORM ->
          layer_norm(
              x,
              width(x),
              new TensorOptional(in.get(1)),
              new TensorOptional(in.get(2)),
              one.parameter(),
              false);
      case SWIGLU -> silu(x).mul(in.get(1));
      case GELU -> gelu(x, "tanh");
      case RELU -> relu(x);
      case CROSS_ENTROPY -> crossEntropy(linear(x, in.get(1)), ids(one));
      case CAUSAL_ATTENTION -> attention(x, in.get(1), in.get(2));
      case EMBEDDING -> embedding(x, ids(one));
      case ROTARY_HALVES -> turnHalves(x, one.parameter());
      case ROTARY_INTERLEAVED -> turnNeighbours(x, one.parameter());
    };
  }

  private static long[] width(Tensor x) {
    return new long[] {x.size(-1)};
  }

  private static Tensor ids(OperationCase one) {
    return Tensor.create(Arrays.stream(one.ids()).asLongStream().toArray(), one.ids().length);
  }

  private static Tensor crossEntropy(Tensor logits, Tensor targets) {
    CrossEntropyLossOptions options = new CrossEntropyLossOptions();
    options.ignore_index().put(-1);
    return cross_entropy(logits, targets, options);
  }

  private static Tensor attention(Tensor q, Tensor k, Tensor v) {
    return scaled_dot_product_attention(
            q.transpose(1, 2),
            k.transpose(1, 2),
            v.transpose(1, 2),
            new TensorOptional(),
            0.0,
            true,
            new DoubleOptional(),
            q.size(2) != k.size(2))
        .transpose(1, 2)
        .contiguous();
  }

  private static Tensor turnHalves(Tensor x, double base) {
    TensorVector parts = x.chunk(2, -1);
    Tensor cosine = table(x, base, true);
    Tensor sine = table(x, base, false);
    Tensor a = parts.get(0);
    Tensor b = parts.get(1);
    return cat(
        new TensorVector(a.mul(cosine).sub(b.mul(sine)), a.mul(sine).add(b.mul(cosine))), -1);
  }

  private static Tensor turnNeighbours(Tensor x, double base) {
    Tensor cosine = table(x, base, true);
    Tensor sine = table(x, base, false);
    TensorVector parts = x.view(x.size(0), x.size(1), x.size(2), x.size(3) / 2, 2).unbind(-1);
    Tensor a = parts.get(0);
    Tensor b = parts.get(1);
    return stack(new TensorVector(a.mul(cosine).sub(b.mul(sine)), a.mul(sine).add(b.mul(cosine))), -1)
        .flatten(-2, -1);
  }

  /// Returns (T, 1, D/2).
  private static Tensor table(Tensor x, double base, boolean isCosine) {
    int length = (int) x.size(1);
    int pairs = (int) x.size(3) / 2;
    float[] values = new float[length * pairs];
    for (int i = 0; i < values.length; i++) {
      double angle = i / pairs * Math.pow(base, -(double) (i % pairs) / pairs);
      values[i] = (float) (isCosine ? Math.cos(angle) : Math.sin(angle));
    }
    return Tensor.create(values, length, 1, pairs);
  }
}
