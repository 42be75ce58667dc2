package dev.lungo.bench.peer;

import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;

import dev.lungo.bench.Requests;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/// libtorch's causal attention as a child process. Requests:
///
/// - `shape THREADS B T H D`: draws queries, keys, values and a gradient, each (B, H, T, D)
/// - `forward COUNT`: attends without gradients, answers seconds
/// - `both COUNT`: attends and computes gradients, answers seconds
public final class LibtorchAttention {
  private List<Tensor> inputs = new ArrayList<>();

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
                new TensorOptional(),
                0.0,
                true,
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
