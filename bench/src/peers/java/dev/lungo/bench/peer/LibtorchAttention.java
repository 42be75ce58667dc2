package dev.lungo.bench.peer;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import dev.lungo.bench.Requests;
import dev.lungo.kernel.Alibi;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// libtorch's causal attention as a child process. Requests:
///
/// - `shape THREADS B T H D [alibi]`: draws queries, keys, values and a gradient, each (B, H, T, D)
/// - `forward COUNT`: attends without gradients, answers seconds
/// - `both COUNT`: attends and computes gradients, answers seconds
public final class LibtorchAttention {
  private List<Tensor> inputs = new ArrayList<>();
  private TensorOptional bias = new TensorOptional();

  private LibtorchAttention() {}

  public static void main(String[] arguments) throws IOException {
    Requests.serve(new LibtorchAttention()::answer);
  }

  private String answer(String[] words) {
    switch (words[0]) {
      case "shape" -> {
        torch.set_num_threads(Integer.parseInt(words[1]));
        inputs.forEach(Tensor::close);
        inputs = new ArrayList<>();
        long[] sizes = {number(words, 2), number(words, 4), number(words, 3), number(words, 5)};
        for (int i = 0; i < 4; i++) {
          inputs.add(torch.randn(sizes).set_requires_grad(i < 3));
        }
        bias.close();
        bias = words.length > 6 ? alibi((int) sizes[1], sizes[2]) : new TensorOptional();
        return Integer.toString(torch.get_num_threads());
      }
      case "forward" -> {
        try (NoGradGuard _ = new NoGradGuard()) {
          return seconds(Integer.parseInt(words[1]), false);
        }
      }
      case "both" -> {
        return seconds(Integer.parseInt(words[1]), true);
      }
      default -> throw new IllegalArgumentException("unknown request " + words[0]);
    }
  }

  /// Returns what is added to the scores of all heads, queries and keys: its kernels know no other
  /// way.
  private static TensorOptional alibi(int heads, long length) {
    try (PointerScope _ = new PointerScope()) {
      Tensor positions = torch.arange(new Scalar(length)).to(torch.ScalarType.Float);
      Tensor distance = positions.unsqueeze(0).subtract(positions.unsqueeze(1));
      TensorVector biases = new TensorVector();
      for (int head = 0; head < heads; head++) {
        biases.push_back(distance.multiply(new Scalar(Alibi.slope(head, heads))));
      }
      Tensor all = torch.stack(biases).unsqueeze(0);
      all.masked_fill_(distance.gt(new Scalar(0)), new Scalar(Double.NEGATIVE_INFINITY));
      return new TensorOptional(all).retainReference();
    }
  }

  private static long number(String[] words, int index) {
    return Long.parseLong(words[index]);
  }

  private String seconds(int count, boolean backward) {
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      try (PointerScope _ = new PointerScope()) {
        Tensor out =
            scaled_dot_product_attention(
                inputs.get(0),
                inputs.get(1),
                inputs.get(2),
                bias,
                0.0,
                !bias.has_value(),
                new DoubleOptional(),
                false);
        if (backward) {
          out.backward(inputs.get(3), new BoolOptional(), false, new TensorArrayRefOptional());
        }
      }
    }
    return String.format(Locale.ROOT, "%.9f", (System.nanoTime() - start) / 1e9);
  }
}
