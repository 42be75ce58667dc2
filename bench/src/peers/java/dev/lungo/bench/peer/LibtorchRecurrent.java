package dev.lungo.bench.peer;

import dev.lungo.bench.RecurrentCase;
import dev.lungo.bench.Requests;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GRUImpl;
import org.bytedeco.pytorch.GRUOptions;
import org.bytedeco.pytorch.LSTMImpl;
import org.bytedeco.pytorch.LSTMOptions;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.RNNImpl;
import org.bytedeco.pytorch.RNNOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.kReLU;
import org.bytedeco.pytorch.kTanh;
import org.jspecify.annotations.Nullable;

/// libtorch's fused recurrent modules as a child process. Requests:
///
/// - `layers THREADS FILE CASE`: creates modules ([RecurrentCase]) with the inputs in a file
/// - `results FILE`: goes forward and back once and writes what came out
/// - `steps COUNT`: goes forward and back so often, answers the seconds of one
public final class LibtorchRecurrent {
  /// Goes forward.
  private interface Forward {
    Tensor of(Tensor x);
  }

  private @Nullable RecurrentCase sizes;
  private @Nullable Module module;
  private @Nullable Forward forward;
  private @Nullable Tensor x;
  private @Nullable Tensor dOutput;
  private TensorVector weights = new TensorVector();

  private LibtorchRecurrent() {}

  public static void main(String[] arguments) throws IOException {
    Requests.serve(new LibtorchRecurrent()::answer);
  }

  private String answer(String[] words) throws IOException {
    switch (words[0]) {
      case "layers" -> {
        torch.set_num_threads(Integer.parseInt(words[1]));
        sizes = RecurrentCase.parse(words, 3);
        create(sizes, sizes.read(Path.of(words[2])));
        return Integer.toString(torch.get_num_threads());
      }
      case "results" -> {
        write(Path.of(words[1]));
        return "";
      }
      case "steps" -> {
        int count = Integer.parseInt(words[1]);
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
          step(false);
        }
        return String.format(Locale.ROOT, "%.9f", (System.nanoTime() - start) / 1e9 / count);
      }
      default -> throw new IllegalArgumentException("unknown request " + words[0]);
    }
  }

  private void create(RecurrentCase one, List<float[]> inputs) {
    int width = one.width();
    switch (one.cell()) {
      case LSTM -> {
        LSTMOptions chosen = new LSTMOptions(width, width);
        chosen.num_layers().put(one.layers());
        LSTMImpl lstm = new LSTMImpl(chosen);
        forward = in -> lstm.forward(in).get0();
        weights = lstm.all_weights();
        module = lstm;
      }
      case GRU -> {
        GRUOptions chosen = new GRUOptions(width, width);
        chosen.num_layers().put(one.layers());
        GRUImpl gru = new GRUImpl(chosen);
        forward = in -> gru.forward(in).get0();
        weights = gru.all_weights();
        module = gru;
      }
      case RNN_TANH, RNN_RELU -> {
        RNNOptions chosen = new RNNOptions(width, width);
        chosen.num_layers().put(one.layers());
        switch (one.cell()) {
          case RNN_RELU -> chosen.nonlinearity().put(new kReLU());
          case RNN_TANH, LSTM, GRU -> chosen.nonlinearity().put(new kTanh());
        }
        RNNImpl rnn = new RNNImpl(chosen);
        forward = in -> rnn.forward(in).get0();
        weights = rnn.all_weights();
        module = rnn;
      }
    }
    List<long[]> shapes = one.shapes();
    x = Tensor.create(inputs.get(0), shapes.get(0)).clone().set_requires_grad(true);
    dOutput = Tensor.create(inputs.get(1), shapes.get(1)).clone();
    try (NoGradGuard _ = new NoGradGuard()) {
      for (int i = 0; i < weights.size(); i++) {
        weights.get(i).copy_(Tensor.create(inputs.get(2 + i), shapes.get(2 + i)));
      }
    }
  }

  /// Goes forward and back, and returns h after all steps if it is wanted.
  private float[] step(boolean wanted) {
    try (PointerScope _ = new PointerScope()) {
      Objects.requireNonNull(module, "ask for layers first").zero_grad(true);
      Tensor in = Objects.requireNonNull(x);
      if (in.grad().defined()) {
        in.mutable_grad().zero_();
      }
      Tensor out = Objects.requireNonNull(forward).of(in);
      out.backward(
          Objects.requireNonNull(dOutput),
          new BoolOptional(),
          false,
          new TensorArrayRefOptional());
      return wanted ? floats(out.detach()) : new float[0];
    }
  }

  private void write(Path file) throws IOException {
    List<float[]> results = new ArrayList<>();
    results.add(step(true));
    results.add(floats(Objects.requireNonNull(x).grad()));
    for (int i = 0; i < weights.size(); i++) {
      results.add(floats(weights.get(i).grad()));
    }
    RecurrentCase.write(file, results);
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    FloatBuffer buffer = tensor.contiguous().createBuffer();
    buffer.get(values);
    return values;
  }
}
