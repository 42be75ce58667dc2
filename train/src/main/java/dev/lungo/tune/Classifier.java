package dev.lungo.tune;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.Parameters;
import dev.lungo.op.CrossEntropy;
import dev.lungo.op.Linear;
import dev.lungo.op.Pass;
import dev.lungo.op.WeightedSum;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.tune.ClassificationData.Encoding;
import dev.lungo.tune.ClassificationData.Example;
import dev.lungo.weights.ModelConfigJson;
import dev.lungo.weights.ModelFiles;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.Safetensors;
import dev.lungo.weights.SafetensorsWriter;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import dev.lungo.weights.SpecialTokenIds;
import dev.lungo.weights.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A decoder-only model that answers with one of a few labels: p = softmax(S · pool(h)), where h
/// are the model's last hidden states and S, (K, C), is the only part that is new.
public final class Classifier implements AutoCloseable {
  /// What makes a model's folder a classifier's.
  public static final String FILE = "classifier.json";

  private static final String HEAD_FILE = "classifier.safetensors";
  private static final String HEAD = "score.weight";
  private static final int BATCH = 16;
  private static final int LARGEST = 1 << 22;
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Kernels kernels;
  private final LanguageModel model;
  private final Tokenizer tokenizer;
  private final List<String> labels;
  private final Pooling pooling;
  private final boolean ownsModel;
  private final Parameters head = new Parameters(true);
  private final Tensor weight;
  private final Workspace workspace = new Workspace("classification");

  /// An answer.
  ///
  /// @param label the likeliest
  /// @param probability of it
  /// @param probabilities of every label
  /// @param truncated whether the text was cut
  public record Answer(
      String label, double probability, Map<String, Double> probabilities, boolean truncated) {}

  /// Puts a head on a model that somebody else closes.
  Classifier(
      Kernels kernels,
      LanguageModel model,
      Tokenizer tokenizer,
      List<String> labels,
      Pooling pooling) {
    this(kernels, model, tokenizer, labels, pooling, false);
  }

  private Classifier(
      Kernels kernels,
      LanguageModel model,
      Tokenizer tokenizer,
      List<String> labels,
      Pooling pooling,
      boolean ownsModel) {
    this.ownsModel = ownsModel;
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
    this.labels = List.copyOf(labels);
    this.pooling = pooling;
    weight = head.matrix(HEAD, labels.size(), model.config().width(), 0.02);
  }

  /// Opens a folder that [#save] wrote.
  ///
  /// @throws IllegalArgumentException if the model in it has no head
  public static Classifier open(Path folder, int threads) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      throw new IllegalArgumentException(
          folder
              + " is no classifier, for it has no "
              + FILE
              + "; make one of a model by ./lungo tune MODEL --task classification --data FILE");
    }
    JsonNode description = description(file);
    List<String> labels = new ArrayList<>();
    description.path("labels").forEach(label -> labels.add(label.asString()));
    String pooling = description.path("pooling").asString();
    if (labels.size() < 2
        || pooling.isEmpty()
        || !labels.stream().sorted().toList().equals(labels)) {
      throw new MalformedFileException(
          file.toString(), 0, "labels", "and pooling must be given, two labels or more, sorted");
    }
    Tokenizer tokenizer = TokenizerFiles.load(folder);
    LanguageModel model = ModelFiles.load(folder);
    Classifier opened =
        new Classifier(
            KernelChoice.open(threads), model, tokenizer, labels, new Pooling(pooling), true);
    try {
      opened.readHead(folder.resolve(HEAD_FILE));
      return opened;
    } catch (IOException | RuntimeException failed) {
      opened.close();
      throw failed;
    }
  }

  private static JsonNode description(Path file) throws IOException {
    if (Files.size(file) > LARGEST) {
      throw new MalformedFileException(
          file.toString(), LARGEST, "size", "is more than " + LARGEST + " bytes");
    }
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new MalformedFileException(file.toString(), 0, "JSON", e.getOriginalMessage());
    }
  }

  private void readHead(Path file) throws IOException {
    try (Safetensors saved = Safetensors.open(file)) {
      var stored = saved.find(HEAD);
      if (stored.isEmpty() || stored.get().elements() != weight.elements()) {
        throw new MalformedFileException(
            file.toString(),
            0,
            HEAD,
            "must have " + weight.shape() + " numbers: a row for each label");
      }
      stored.get().readFloats(weight.data());
    }
  }

  /// Writes model, tokenizer and head as a folder that opens as a classifier, and as a language
  /// model, too.
  ///
  /// @param base the folder that the model came from
  void save(Path folder, Path base) throws IOException {
    SpecialTokenIds ids = ModelConfigJson.readSpecialTokens(base);
    BaseModel.copyCompanions(base, folder);
    tokenizer.save(folder.resolve("tokenizer.json"));
    ModelFolder.save(folder, model, ids);
    long[] shape = {labels.size(), model.config().width()};
    SafetensorsWriter.write(
        folder.resolve(HEAD_FILE),
        Map.of("format", "pt"),
        List.of(Outgoing.of(HEAD, StoredType.F32, shape, weight.data())));
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("labels", labels);
    description.put("pooling", pooling.name());
    description.put("base", base.toString());
    AtomicFiles.writeString(
        folder.resolve(FILE),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(description) + "\n");
  }

  /// Returns the labels, sorted.
  public List<String> labels() {
    return labels;
  }

  /// Returns how the model's texts become ids.
  Encoding encoding(boolean truncate) {
    return new Encoding(tokenizer, pooling.token(tokenizer), model.config().context(), truncate);
  }

  LanguageModel model() {
    return model;
  }

  Parameters head() {
    return head;
  }

  void initialize(long seed) {
    head.initialize(new RandomNumbers(seed));
  }

  /// Answers one text.
  ///
  /// @param truncate whether a text longer than the context is cut
  /// @throws IllegalArgumentException if it is longer and may not be cut, or empty
  public Answer answer(String text, boolean truncate) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("the text is empty; there is nothing to classify");
    }
    Encoding encoding = encoding(truncate);
    int[] ids = encoding.all(text);
    if (ids.length > encoding.context() && !truncate) {
      throw new IllegalArgumentException(
          "the text has "
              + ids.length
              + " tokens, but the model's context is "
              + encoding.context()
              + "; --truncate cuts it there");
    }
    float[] row = probabilities(List.of(new Example("", encoding.cut(ids), 0)), done -> {})[0];
    Map<String, Double> all = new LinkedHashMap<>();
    int best = 0;
    for (int i = 0; i < row.length; i++) {
      all.put(labels.get(i), (double) row[i]);
      best = row[i] > row[best] ? i : best;
    }
    return new Answer(labels.get(best), row[best], all, ids.length > encoding.context());
  }

  /// Measures the classifier on labelled texts.
  ///
  /// @throws IllegalArgumentException if a label is unknown, or a text is too long and may not be
  ///   cut
  public ClassificationScores evaluate(LabeledTexts texts, boolean truncate, IntConsumer progress) {
    List<Example> examples = ClassificationData.encode(texts.all(), labels, encoding(truncate));
    return ClassificationScores.of(
        labels,
        examples.stream().mapToInt(Example::label).toArray(),
        probabilities(examples, progress));
  }

  /// Computes the probabilities of every label for each text.
  ///
  /// @param progress hears how many are done
  float[][] probabilities(List<Example> examples, IntConsumer progress) {
    float[][] rows = new float[examples.size()][];
    forBatches(
        examples,
        (batch, places) -> {
          Pass pass = Pass.inference(kernels, workspace);
          float[] logits = Linear.linear(pass, pooled(pass, batch), weight).toFloats();
          for (int i = 0; i < places.length; i++) {
            rows[places[i]] = SoftmaxRegression.softmax(logits, i, labels.size());
          }
        },
        progress);
    return rows;
  }

  /// Computes each text's pooled state.
  ///
  /// @return (N, C), by rows
  float[][] states(List<Example> examples, IntConsumer progress) {
    float[][] rows = new float[examples.size()][];
    int width = model.config().width();
    forBatches(
        examples,
        (batch, places) -> {
          float[] states = pooled(Pass.inference(kernels, workspace), batch).toFloats();
          for (int i = 0; i < places.length; i++) {
            rows[places[i]] = Arrays.copyOfRange(states, i * width, (i + 1) * width);
          }
        },
        progress);
    return rows;
  }

  @FunctionalInterface
  private interface BatchReader {
    void read(List<Example> batch, int[] places);
  }

  /// Deals texts out in batches of about equal lengths.
  private void forBatches(List<Example> examples, BatchReader reader, IntConsumer progress) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> examples.get(i).ids().length));
    for (int from = 0; from < order.size(); from += BATCH) {
      List<Integer> chosen = order.subList(from, Math.min(order.size(), from + BATCH));
      workspace.reset();
      reader.read(
          chosen.stream().map(examples::get).toList(),
          chosen.stream().mapToInt(Integer::intValue).toArray());
      progress.accept(from + chosen.size());
    }
  }

  /// Computes the mean loss of a batch, in nats per text.
  Tensor loss(Pass pass, List<Example> batch) {
    Tensor targets = pass.workspace().allocate(Shape.of(batch.size()), DType.INT32);
    targets.set(batch.stream().mapToInt(Example::label).toArray());
    return CrossEntropy.linearCrossEntropy(pass, pooled(pass, batch), weight, targets).mean();
  }

  /// Reads texts side by side, the shorter ones filled up at their ends, where attention to what
  /// came before cannot see it.
  private Tensor pooled(Pass pass, List<Example> batch) {
    int length = batch.stream().mapToInt(example -> example.ids().length).max().orElseThrow();
    int[] ids = new int[batch.size() * length];
    float[] weights = new float[ids.length];
    float[] row = new float[length];
    for (int b = 0; b < batch.size(); b++) {
      int[] one = batch.get(b).ids();
      System.arraycopy(one, 0, ids, b * length, one.length);
      pooling.weigh(one.length, row);
      System.arraycopy(row, 0, weights, b * length, length);
    }
    Workspace memory = pass.workspace();
    Shape shape = Shape.of(batch.size(), length);
    Tensor states =
        model.hidden(pass, memory.allocate(shape, DType.INT32).set(ids), Optional.empty());
    return WeightedSum.weightedSum(
        pass, states, memory.allocate(shape, DType.FLOAT32).set(weights));
  }

  @Override
  public void close() {
    head.close();
    workspace.close();
    if (ownsModel) {
      model.close();
      kernels.close();
    }
  }
}
