package dev.lungo.export;

import dev.lungo.model.LanguageModel;
import dev.lungo.tokenizer.GgufTokenizer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.GgufModelWriter;
import dev.lungo.weights.ModelFiles;
import dev.lungo.weights.ModelFolderWriter;
import dev.lungo.weights.WeightReport;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// Writes a model in another format or with other numbers.
public final class ModelExport {
  private static final String TOKENIZER = "tokenizer.json";

  /// What to write.
  public enum Format {
    /// One file for llama.cpp and its relatives.
    GGUF,
    /// A folder in Hugging Face layout.
    SAFETENSORS
  }

  /// What to export.
  ///
  /// @param model any model that Lungo opens
  /// @param out the file or folder to write
  /// @param force whether something that is there may be replaced
  /// @param threads how many encode
  public record Settings(
      Path model, Format format, WeightType type, Path out, boolean force, int threads) {}

  /// What was written.
  ///
  /// @param bytes of the file, or of all files of the folder
  /// @param bitsPerWeight on average, scales of blocks included
  /// @param tensors how many have each type
  /// @param relativeErrors of each type: root mean square error over root mean square
  /// @param warnings what the reader will do differently
  public record Result(
      String out,
      String format,
      String type,
      long bytes,
      double bitsPerWeight,
      Map<String, Integer> tensors,
      Map<String, Double> relativeErrors,
      List<String> warnings) {}

  /// Hears how it goes.
  @FunctionalInterface
  public interface Progress {
    /// @param tensor the name of the one that comes now
    /// @param number its number, from 1
    /// @param count how many there are
    void tensor(String tensor, int number, int count);
  }

  private final Settings settings;
  private final Progress progress;
  private int written;

  private ModelExport(Settings settings, Progress progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /// Exports a model.
  ///
  /// @throws IllegalArgumentException if the format cannot hold it, or `out` is there already
  public static Result run(Settings settings, Progress progress) throws IOException {
    return new ModelExport(settings, progress).run();
  }

  private Result run() throws IOException {
    Path out = settings.out();
    if (!settings.force() && Files.exists(out)) {
      throw new IllegalArgumentException(
          out + " is there already; choose another -o, or give --force to replace it");
    }
    Tokenizer tokenizer = TokenizerFiles.load(tokenizerSource());
    List<String> warnings = new ArrayList<>();
    WeightReport report;
    try (LanguageModel model = ModelFiles.load(settings.model())) {
      report =
          switch (settings.format()) {
            case GGUF -> writeGguf(model, tokenizer, warnings);
            case SAFETENSORS -> writeFolder(model, tokenizer);
          };
    }
    return new Result(
        out.toString(),
        settings.format().name().toLowerCase(Locale.ROOT),
        settings.type().name().toLowerCase(Locale.ROOT),
        size(out),
        report.bits(),
        report.tensors(),
        report.relativeErrors(),
        List.copyOf(warnings));
  }

  /// A folder and a GGUF file hold a tokenizer; beside other files there is one.
  private Path tokenizerSource() {
    Path model = settings.model();
    boolean carriesOne = Files.isDirectory(model) || model.toString().endsWith(".gguf");
    Path beside = model.toAbsolutePath().getParent();
    return carriesOne || beside == null ? model : beside;
  }

  private WeightReport writeGguf(LanguageModel model, Tokenizer tokenizer, List<String> warnings)
      throws IOException {
    GgufTokenizer described = GgufTokenizer.of(tokenizer, model.config().vocabulary());
    warnings.addAll(described.warnings());
    Map<String, Object> more = new LinkedHashMap<>();
    more.put("general.name", name());
    more.putAll(described.metadata());
    more.putAll(Companions.of(settings.model()).metadata());
    int count = model.parameters().all().size();
    return GgufModelWriter.write(
        settings.out(),
        model,
        settings.type(),
        more,
        settings.threads(),
        tensor -> progress.tensor(tensor, ++written, count));
  }

  private WeightReport writeFolder(LanguageModel model, Tokenizer tokenizer) throws IOException {
    Path out = settings.out();
    if (Files.isDirectory(settings.model())
        && Files.exists(out)
        && Files.isSameFile(out, settings.model())) {
      throw new IllegalArgumentException(
          out + " is the model itself, of which nothing would be left; choose another -o");
    }
    Files.createDirectories(out);
    Companions companions = Companions.of(settings.model());
    companions.copyTo(out);
    tokenizer.save(out.resolve(TOKENIZER));
    int count = model.parameters().all().size();
    return ModelFolderWriter.write(
        out,
        model,
        companions.specialTokens(tokenizer),
        settings.type(),
        settings.threads(),
        tensor -> progress.tensor(tensor, ++written, count));
  }

  private String name() {
    Path name = settings.model().toAbsolutePath().normalize().getFileName();
    return name == null ? "model" : name.toString().replaceFirst("\\.gguf$", "");
  }

  private static long size(Path out) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.isRegularFile(file)) {
          bytes += Files.size(file);
        }
      }
    }
    return bytes;
  }
}
