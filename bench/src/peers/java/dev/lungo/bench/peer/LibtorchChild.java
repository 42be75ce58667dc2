package dev.lungo.bench.peer;

import dev.lungo.bench.Requests;
import dev.lungo.bench.TrainingCase;
import dev.lungo.bench.TrainingFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// libtorch as a child process. Requests:
///
/// - `model THREADS CASE`: sizes to work with ([TrainingCase])
/// - `weights FILE`: creates the model from float32 values
/// - `batches FILE`: where batches come from ([TrainingFiles])
/// - `adamw RATE`: a new optimizer with libtorch's defaults but for the rate
/// - `rate RATE`: changes the optimizer's rate
/// - `steps FIRST COUNT`: takes steps, answers seconds and the loss of each
/// - `evaluate FILE`: answers the mean loss over all batches of another file
public final class LibtorchChild {
  private @Nullable TrainingCase sizes;
  private @Nullable LibtorchModel model;
  private @Nullable AdamW optimizer;
  private int[][] batches = new int[0][];

  private LibtorchChild() {}

  public static void main(String[] arguments) throws IOException {
    Requests.serve(new LibtorchChild()::answer);
  }

  private String answer(String[] words) throws IOException {
    switch (words[0]) {
      case "model" -> {
        torch.set_num_threads(Integer.parseInt(words[1]));
        sizes = TrainingCase.parse(words, 2);
        return Integer.toString(torch.get_num_threads());
      }
      case "weights" -> model = new LibtorchModel(Objects.requireNonNull(sizes), Path.of(words[1]));
      case "batches" ->
          batches = TrainingFiles.readBatches(Path.of(words[1]), Objects.requireNonNull(sizes));
      case "adamw" ->
          optimizer =
              new AdamW(
                  Objects.requireNonNull(model).parameters(), new AdamWOptions(Double.parseDouble(words[1])));
      case "rate" -> setRate(Double.parseDouble(words[1]));
      case "evaluate" -> {
        return evaluate(Path.of(words[1]));
      }
      case "steps" -> {
        return steps(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      }
      default -> throw new IllegalArgumentException("unknown request " + words[0]);
    }
    return "";
  }

  private String steps(int first, int count) {
    LibtorchModel trained = Objects.requireNonNull(model, "ask for weights first");
    AdamW stepper = Objects.requireNonNull(optimizer, "ask for adamw first");
    StringBuilder losses = new StringBuilder();
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      losses.append(' ').append(step(trained, stepper, batches[(first + i) % batches.length]));
    }
    return String.format(Locale.ROOT, "%.9f", (System.nanoTime() - start) / 1e9) + losses;
  }

  private void setRate(double rate) {
    try (PointerScope _ = new PointerScope()) {
      Objects.requireNonNull(optimizer, "ask for adamw first")
          .param_groups()
          .get(0)
          .options()
          .set_lr(rate);
    }
  }

  private String evaluate(Path file) throws IOException {
    LibtorchModel measured = Objects.requireNonNull(model, "ask for weights first");
    int[][] heldOut = TrainingFiles.readBatches(file, Objects.requireNonNull(sizes));
    double sum = 0;
    for (int[] batch : heldOut) {
      try (PointerScope _ = new PointerScope();
          NoGradGuard _ = new NoGradGuard()) {
        Tensor ids = longs(batch, 0, batch.length / 2);
        Tensor targets = longs(batch, batch.length / 2, batch.length);
        sum += measured.loss(ids, targets).item_float();
      }
    }
    return Double.toString(sum / heldOut.length);
  }

  /// Takes one step and returns the loss before it.
  static float step(LibtorchModel model, AdamW optimizer, int[] batch) {
    try (PointerScope _ = new PointerScope()) {
      Tensor ids = longs(batch, 0, batch.length / 2);
      Tensor targets = longs(batch, batch.length / 2, batch.length);
      Tensor loss = model.loss(ids, targets);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      return loss.item_float();
    }
  }

  private static Tensor longs(int[] values, int from, int to) {
    return Tensor.create(Arrays.stream(values, from, to).asLongStream().toArray(), to - from);
  }
}
