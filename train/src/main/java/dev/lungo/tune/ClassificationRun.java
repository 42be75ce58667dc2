package dev.lungo.tune;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.train.Machine;
import dev.lungo.train.MemoryEstimate;
import dev.lungo.train.MetricsLog;
import dev.lungo.train.Provenance;
import dev.lungo.train.RunFolder;
import dev.lungo.tune.ClassificationData.Encoding;
import dev.lungo.tune.ClassificationData.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Makes a classifier of a model: reads labelled texts, teaches, measures on texts held out, and
/// leaves a folder with the classifier and a report.
public final class ClassificationRun {
  private static final String ADAPTER = "adapter";

  private final ClassificationSettings settings;
  private final String version;
  private final TuneListener listener;

  /// What came of it.
  ///
  /// @param run the folder
  /// @param texts learned from, `heldOutTexts` measured with
  /// @param emptyTexts left out, and `truncatedTexts` cut at the end of the context
  /// @param trainedParameters of `parameters` in all, the head's among them
  /// @param scores of the classifier on the texts held out
  /// @param baseline of counting bytes, on the same
  /// @param majorityAccuracy of always giving the most frequent label
  /// @param seconds of training
  public record Outcome(
      String run,
      String method,
      List<String> labels,
      int texts,
      int heldOutTexts,
      int emptyTexts,
      int truncatedTexts,
      long trainedParameters,
      long parameters,
      ClassificationScores scores,
      ClassificationScores baseline,
      double majorityAccuracy,
      double seconds) {}

  private ClassificationRun(
      ClassificationSettings settings, String version, TuneListener listener) {
    this.settings = settings;
    this.version = version;
    this.listener = listener;
  }

  /// Makes a classifier.
  ///
  /// @param folder new or empty
  /// @param version of Lungo, for the record
  /// @throws IllegalArgumentException if the settings do not fit the model or the data
  public static Outcome start(
      Path folder, ClassificationSettings settings, String version, TuneListener listener)
      throws IOException {
    ClassificationRun run = new ClassificationRun(settings, version, listener);
    Path base = Path.of(settings.model());
    try (RunFolder owned = RunFolder.create(folder);
        Kernels kernels = KernelChoice.open(settings.threads());
        LanguageModel model = BaseModel.open(base, settings.method())) {
      Tokenizer tokenizer = TokenizerFiles.load(base);
      return run.train(owned, base, kernels, model, tokenizer);
    }
  }

  /// Returns commands to try with a classifier.
  public static List<String> nextCommands(String run) {
    return List.of(
        "./lungo classify " + run + " 'for (int i = 0; i < n; i++) sum += values[i];'",
        "./lungo classify " + run + " --data FILE",
        "./lungo tune MODEL --task classification --data FILE --method lora --rank 16");
  }

  private Outcome train(
      RunFolder folder, Path base, Kernels kernels, LanguageModel model, Tokenizer tokenizer)
      throws IOException {
    Instant started = Instant.now();
    List<String> empty = new ArrayList<>();
    Encoding encoding =
        new Encoding(
            tokenizer,
            settings.pooling().token(tokenizer),
            model.config().context(),
            settings.truncate() || settings.data().isEmpty());
    ClassificationData data = read(encoding, empty);
    announce(data, empty, model);
    Path path = folder.path();
    long began = System.nanoTime();
    try (Classifier classifier =
            new Classifier(kernels, model, tokenizer, data.labels(), settings.pooling());
        MetricsLog metrics = MetricsLog.create(path.resolve(MetricsLog.FILE))) {
      classifier.initialize(settings.seed());
      long trained = teach(path, classifier, data, kernels, metrics);
      double seconds = (System.nanoTime() - began) / 1e9;
      listener.phase("measuring", data.heldOut().size() + " texts held out");
      ClassificationScores scores = measure(classifier, data);
      ClassificationScores baseline =
          ByteBaseline.scores(kernels, tokenizer, data, settings.seed());
      folder.keep();
      classifier.save(path, base);
      Outcome outcome =
          new Outcome(
              path.toString(),
              settings.method().name().toLowerCase(Locale.ROOT),
              data.labels(),
              data.training().size(),
              data.heldOut().size(),
              empty.size(),
              data.truncated(),
              trained,
              model.parameters().count() + classifier.head().count(),
              scores,
              baseline,
              majority(data),
              seconds);
      provenance(kernels, tokenizer, data, started, outcome).write(path);
      new ClassificationReport(outcome, settings, MetricsLog.read(path.resolve(MetricsLog.FILE)))
          .write(path);
      return outcome;
    }
  }

  private ClassificationData read(Encoding encoding, List<String> empty) throws IOException {
    if (settings.data().isEmpty()) {
      listener.phase("data", "which module of the JDK a source file comes from");
      return ClassificationData.split(
          JdkModules.read(), settings.heldOut(), LabeledTexts.Item::place, encoding);
    }
    LabeledTexts texts = readFile(settings.data(), empty);
    if (settings.heldOutData().isEmpty()) {
      return ClassificationData.split(
          texts.all(), settings.heldOut(), LabeledTexts.Item::text, encoding);
    }
    return ClassificationData.of(
        texts.all(), readFile(settings.heldOutData(), empty).all(), encoding);
  }

  private LabeledTexts readFile(String file, List<String> empty) throws IOException {
    LabeledTexts texts =
        LabeledTexts.read(Path.of(file), settings.textField(), settings.labelField());
    if (!texts.empty().isEmpty()) {
      listener.phase(
          "warning",
          texts.empty().size()
              + " texts of "
              + file
              + " are empty and left out, the first in "
              + texts.empty().getFirst());
      empty.addAll(texts.empty());
    }
    return texts;
  }

  private void announce(ClassificationData data, List<String> empty, LanguageModel model) {
    listener.phase(
        "texts",
        String.format(
            Locale.ROOT,
            "%,d to learn from, %,d held out, %d labels%s%s",
            data.training().size(),
            data.heldOut().size(),
            data.labels().size(),
            data.truncated() > 0
                ? String.format(
                    Locale.ROOT,
                    ", %,d cut at %d tokens",
                    data.truncated(),
                    model.config().context())
                : "",
            empty.isEmpty() ? "" : ", " + empty.size() + " empty"));
  }

  /// Teaches the classifier and returns how many parameters were trained.
  private long teach(
      Path path,
      Classifier classifier,
      ClassificationData data,
      Kernels kernels,
      MetricsLog metrics)
      throws IOException {
    ClassificationTraining training =
        new ClassificationTraining(kernels, classifier, settings, metrics, listener);
    LanguageModel model = classifier.model();
    long head = classifier.head().count();
    return switch (settings.method()) {
      case FROZEN -> {
        describe(model, head, data);
        training.trainHead(data.training());
        yield head;
      }
      case LORA -> {
        try (LowRankAdapters adapters =
            new LowRankAdapters(
                model,
                new LowRankAdapters.Settings(settings.rank(), settings.alpha(), settings.targets()),
                settings.seed())) {
          long count = adapters.parameters().count() + head;
          describe(model, count, data);
          training.train(data.training(), adapters.parameters());
          adapters.save(path.resolve(ADAPTER), settings.model(), "SEQ_CLS");
          adapters.merge(kernels);
          yield count;
        }
      }
      case FULL -> {
        long count = model.parameters().count() + head;
        describe(model, count, data);
        training.train(data.training(), model.parameters());
        yield count;
      }
    };
  }

  /// Says what is trained, and refuses what there is no memory for.
  private void describe(LanguageModel model, long trained, ClassificationData data) {
    int longest = data.training().stream().mapToInt(one -> one.ids().length).max().orElse(1);
    MemoryEstimate memory =
        MemoryEstimate.ofTuning(model.config(), trained, settings.batch(), longest);
    memory.check();
    listener.phase(
        "model",
        String.format(
            Locale.ROOT,
            "%s, %,d parameters; %s trains %,d",
            settings.model(),
            model.parameters().count(),
            settings.method().name().toLowerCase(Locale.ROOT),
            trained));
    listener.phase("memory", memory.toString());
  }

  private ClassificationScores measure(Classifier classifier, ClassificationData data) {
    long started = System.nanoTime();
    float[][] probabilities =
        classifier.probabilities(
            data.heldOut(),
            done ->
                listener.progressed(
                    TuneListener.Progress.of(
                        "measuring", "texts", done, data.heldOut().size(), Double.NaN, started)));
    return ClassificationScores.of(
        data.labels(), data.heldOut().stream().mapToInt(Example::label).toArray(), probabilities);
  }

  /// Returns how often the label is right that most texts to learn from have.
  private static double majority(ClassificationData data) {
    int[] counts = new int[data.labels().size()];
    data.training().forEach(example -> counts[example.label()]++);
    int most = 0;
    for (int k = 1; k < counts.length; k++) {
      most = counts[k] > counts[most] ? k : most;
    }
    int likeliest = most;
    return (double) data.heldOut().stream().filter(one -> one.label() == likeliest).count()
        / data.heldOut().size();
  }

  private Provenance provenance(
      Kernels kernels,
      Tokenizer tokenizer,
      ClassificationData data,
      Instant started,
      Outcome outcome)
      throws IOException {
    Path file = Path.of(settings.data());
    Map<String, Object> results = new LinkedHashMap<>();
    results.put("accuracy", outcome.scores().accuracy());
    results.put("macroF1", outcome.scores().macroF1());
    results.put("expectedCalibrationError", outcome.scores().expectedCalibrationError());
    results.put("baselineAccuracy", outcome.baseline().accuracy());
    return new Provenance(
        settings,
        settings.seed(),
        new Provenance.Data(
            settings.data().isEmpty() ? "source code of the JDK, by module" : settings.data(),
            settings.data().isEmpty() || !Files.isRegularFile(file) ? "" : Provenance.hash(file),
            tokens(data.training()),
            tokens(data.heldOut())),
        tokenizer.fingerprint(),
        Machine.current(kernels.description()),
        version,
        started,
        Optional.of(Instant.now()),
        results);
  }

  private static long tokens(List<Example> examples) {
    return examples.stream().mapToLong(example -> example.ids().length).sum();
  }
}
