package dev.lungo.bench.peer;

import static org.bytedeco.pytorch.global.torch.arange;
import static org.bytedeco.pytorch.global.torch.cross_entropy;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.linear;

import dev.lungo.bench.Requests;
import dev.lungo.bench.TranslationCase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.TransformerDecoderImpl;
import org.bytedeco.pytorch.TransformerDecoderLayerOptions;
import org.bytedeco.pytorch.TransformerDecoderOptions;
import org.bytedeco.pytorch.TransformerEncoderImpl;
import org.bytedeco.pytorch.TransformerEncoderLayerOptions;
import org.bytedeco.pytorch.TransformerEncoderOptions;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// libtorch's Transformer encoder and decoder modules as a child process. Requests:
///
/// - `start THREADS WEIGHTS BATCHES`: creates the modules from float32 values in the order of our
///   parameters, and reads the batches ([TranslationCase])
/// - `steps FIRST COUNT`: takes steps, answers seconds and the loss of each
public final class LibtorchTranslation {
  private static final int IGNORED = -100;

  /// (B, S) sources, their padding as (B, S) truths, (B, T) inputs, (B·T) targets.
  private record Batch(Tensor sources, Tensor padding, Tensor inputs, Tensor targets) {}

  private final List<Batch> batches = new ArrayList<>();
  private final TensorVector parameters = new TensorVector();
  private @Nullable ByteBuffer weights;
  private @Nullable Tensor sourceTable;
  private @Nullable Tensor targetTable;
  private @Nullable Tensor head;
  private @Nullable Tensor positions;
  private @Nullable TransformerEncoderImpl encoder;
  private @Nullable TransformerDecoderImpl decoder;
  private @Nullable AdamW optimizer;

  private LibtorchTranslation() {}

  public static void main(String[] arguments) throws IOException {
    Requests.serve(new LibtorchTranslation()::answer);
  }

  private String answer(String[] words) throws IOException {
    switch (words[0]) {
      case "start" -> {
        torch.set_num_threads(Integer.parseInt(words[1]));
        create(Path.of(words[2]));
        read(Path.of(words[3]));
        optimizer = new AdamW(parameters, new AdamWOptions(3e-4));
        return Integer.toString(torch.get_num_threads());
      }
      case "steps" -> {
        return steps(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
      }
      default -> throw new IllegalArgumentException("unknown request " + words[0]);
    }
  }

  private void create(Path file) throws IOException {
    weights = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int width = TranslationCase.WIDTH;
    sourceTable = leaf(TranslationCase.VOCABULARY, width);
    targetTable = leaf(TranslationCase.VOCABULARY, width);
    TransformerEncoderLayerOptions encoderLayer =
        new TransformerEncoderLayerOptions(width, TranslationCase.HEADS);
    encoderLayer.dim_feedforward().put(TranslationCase.FEED_FORWARD);
    encoderLayer.dropout().put(0);
    encoder =
        new TransformerEncoderImpl(
            new TransformerEncoderOptions(encoderLayer, TranslationCase.LAYERS));
    TransformerDecoderLayerOptions decoderLayer =
        new TransformerDecoderLayerOptions(width, TranslationCase.HEADS);
    decoderLayer.dim_feedforward().put(TranslationCase.FEED_FORWARD);
    decoderLayer.dropout().put(0);
    decoder =
        new TransformerDecoderImpl(
            new TransformerDecoderOptions(decoderLayer, TranslationCase.LAYERS));
    try (NoGradGuard _ = new NoGradGuard()) {
      StringTensorDict encoderParameters = encoder.named_parameters();
      StringTensorDict decoderParameters = decoder.named_parameters();
      for (int layer = 0; layer < TranslationCase.LAYERS; layer++) {
        String path = "layers." + layer + ".";
        attention(encoderParameters, path + "norm1", path + "self_attn");
        feedForward(encoderParameters, path + "norm2", path);
      }
      for (int layer = 0; layer < TranslationCase.LAYERS; layer++) {
        String path = "layers." + layer + ".";
        attention(decoderParameters, path + "norm1", path + "self_attn");
        attention(decoderParameters, path + "norm2", path + "multihead_attn");
        feedForward(decoderParameters, path + "norm3", path);
      }
      addAll(encoder.parameters());
      addAll(decoder.parameters());
    }
    head = leaf(TranslationCase.VOCABULARY, width);
    if (Objects.requireNonNull(weights).hasRemaining()) {
      throw new IOException("the weights' file has more than the model");
    }
    positions = positions();
  }

  private void addAll(TensorVector some) {
    for (long i = 0; i < some.size(); i++) {
      parameters.push_back(some.get(i));
    }
  }

  private Tensor next(long... shape) {
    long count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    float[] values = new float[(int) count];
    ByteBuffer in = Objects.requireNonNull(weights);
    in.asFloatBuffer().get(values);
    in.position(in.position() + 4 * values.length);
    return Tensor.create(values, shape);
  }

  private Tensor leaf(long... shape) {
    Tensor leaf = next(shape).clone().detach().set_requires_grad(true);
    parameters.push_back(leaf);
    return leaf;
  }

  /// Our order: norm; query, key, value, output, each weight and bias. libtorch's first three are
  /// one.
  private void attention(StringTensorDict named, String norm, String path) {
    norm(named, norm);
    int width = TranslationCase.WIDTH;
    Tensor weight = named.get(path + ".in_proj_weight");
    Tensor bias = named.get(path + ".in_proj_bias");
    for (int part = 0; part < 3; part++) {
      weight.narrow(0, (long) part * width, width).copy_(next(width, width));
      bias.narrow(0, (long) part * width, width).copy_(next(width));
    }
    named.get(path + ".out_proj.weight").copy_(next(width, width));
    named.get(path + ".out_proj.bias").copy_(next(width));
  }

  private void feedForward(StringTensorDict named, String norm, String path) {
    norm(named, norm);
    int width = TranslationCase.WIDTH;
    int inner = TranslationCase.FEED_FORWARD;
    named.get(path + "linear1.weight").copy_(next(inner, width));
    named.get(path + "linear1.bias").copy_(next(inner));
    named.get(path + "linear2.weight").copy_(next(width, inner));
    named.get(path + "linear2.bias").copy_(next(width));
  }

  private void norm(StringTensorDict named, String path) {
    named.get(path + ".weight").copy_(next(TranslationCase.WIDTH));
    named.get(path + ".bias").copy_(next(TranslationCase.WIDTH));
  }

  private static Tensor positions() {
    int longest = 64;
    int width = TranslationCase.WIDTH;
    float[] table = new float[longest * width];
    for (int position = 0; position < longest; position++) {
      for (int i = 0; i < width / 2; i++) {
        double angle = position / Math.pow(10_000, 2.0 * i / width);
        table[position * width + 2 * i] = (float) Math.sin(angle);
        table[position * width + 2 * i + 1] = (float) Math.cos(angle);
      }
    }
    return Tensor.create(table, longest, 1, width).clone();
  }

  private void read(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    while (in.hasRemaining()) {
      int count = in.getInt();
      int sourceWidth = in.getInt();
      int targetWidth = in.getInt();
      Tensor lengths = longs(in, count, 1);
      Tensor sources = longs(in, count, sourceWidth);
      Tensor inputs = longs(in, count, targetWidth);
      Tensor targets = longs(in, count, targetWidth).view(-1);
      Tensor padding =
          arange(new Scalar(sourceWidth)).view(1, sourceWidth).ge(lengths).clone();
      batches.add(
          new Batch(
              sources,
              padding,
              inputs,
              targets.masked_fill(targets.lt(new Scalar(0)), new Scalar(IGNORED)).clone()));
    }
  }

  private static Tensor longs(ByteBuffer in, int rows, int columns) {
    long[] values = new long[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = in.getInt();
    }
    return Tensor.create(values, rows, columns).clone();
  }

  private String steps(int first, int count) {
    StringBuilder losses = new StringBuilder();
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      losses.append(' ').append(step(batches.get((first + i) % batches.size())));
    }
    return String.format(Locale.ROOT, "%.9f", (System.nanoTime() - start) / 1e9) + losses;
  }

  private float step(Batch batch) {
    AdamW stepper = Objects.requireNonNull(optimizer, "ask to start first");
    try (PointerScope _ = new PointerScope()) {
      long targetWidth = batch.inputs.size(1);
      Tensor none = new Tensor();
      Tensor encoded =
          Objects.requireNonNull(encoder)
              .forward(embedded(sourceTable, batch.sources), none, batch.padding);
      Tensor future =
          torch.ones(targetWidth, targetWidth).triu(1).mul(new Scalar(-1e9)).clone();
      Tensor hidden =
          Objects.requireNonNull(decoder)
              .forward(
                  embedded(targetTable, batch.inputs),
                  encoded,
                  future,
                  none,
                  none,
                  batch.padding);
      Tensor logits = linear(hidden.transpose(0, 1), Objects.requireNonNull(head));
      Tensor loss = cross_entropy(logits.reshape(-1, TranslationCase.VOCABULARY), batch.targets);
      stepper.zero_grad();
      loss.backward();
      stepper.step();
      return loss.item_float();
    }
  }

  /// Returns (T, B, C), as libtorch's modules take it.
  private Tensor embedded(@Nullable Tensor table, Tensor ids) {
    Tensor rows = embedding(Objects.requireNonNull(table), ids.transpose(0, 1).contiguous());
    long length = ids.size(1);
    return rows.mul(new Scalar(Math.sqrt(TranslationCase.WIDTH)))
        .add(Objects.requireNonNull(positions).narrow(0, 0, length));
  }
}
