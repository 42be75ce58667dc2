package dev.lungo.weights;

import dev.lungo.file.AtomicFiles;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.nn.Parameter;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Writes a model as a folder in Hugging Face layout, in 32 or 16 bits a number, for other tools.
public final class ModelFolderWriter {
  private static final String CONFIG = "config.json";
  private static final String GENERATION = "generation_config.json";
  private static final String WEIGHTS = "model.safetensors";

  private ModelFolderWriter() {}

  /// Writes `config.json`, `model.safetensors`, and `generation_config.json` unless there is one.
  ///
  /// @param threads how many encode
  /// @param progress hears the name of each tensor before it is written
  /// @throws IllegalArgumentException if the layout has no such type, or a number is none that the
  ///   type can hold
  public static WeightReport write(
      Path folder,
      LanguageModel model,
      SpecialTokenIds ids,
      WeightType type,
      int threads,
      Consumer<String> progress)
      throws IOException {
    StoredType stored =
        switch (type) {
          case F32 -> StoredType.F32;
          case F16 -> StoredType.F16;
          case BF16 -> StoredType.BF16;
          case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K ->
              throw new IllegalArgumentException(
                  "safetensors files hold f32, f16 and bf16, not " + type + "; use --format gguf");
        };
    writeConfig(folder, model.config(), ids, type);
    WeightReport.Builder report = new WeightReport.Builder();
    try (RowEncoder encoder = new RowEncoder(threads)) {
      List<Outgoing> tensors = new ArrayList<>();
      for (Parameter parameter : model.parameters().all()) {
        tensors.add(
            new Outgoing(
                parameter.name(),
                stored,
                shape(parameter),
                out -> {
                  progress.accept(parameter.name());
                  report.add(
                      type,
                      encoder.write(
                          out, parameter.name(), rows(parameter, model.config()), type.dtype()));
                }));
      }
      SafetensorsWriter.write(folder.resolve(WEIGHTS), Map.of("format", "pt"), tensors);
    }
    return report.build();
  }

  private static WeightRows rows(Parameter parameter, ModelConfig config) {
    WeightRows rows = WeightRows.of(parameter, config, RotaryLayout.HALVES);
    if (parameter.transposedInFile()) {
      return rows.transposed();
    }
    return parameter.lessOneInFile() ? rows.plus(-1) : rows;
  }

  private static long[] shape(Parameter parameter) {
    int rank = parameter.tensor().shape().rank();
    long[] shape = new long[rank];
    for (int i = 0; i < rank; i++) {
      int from = parameter.transposedInFile() ? rank - 1 - i : i;
      shape[i] = parameter.tensor().shape().dimension(from);
    }
    return shape;
  }

  private static void writeConfig(
      Path folder, ModelConfig config, SpecialTokenIds ids, WeightType type) throws IOException {
    Path generation = folder.resolve(GENERATION);
    byte[] kept = Files.exists(generation) ? Files.readAllBytes(generation) : new byte[0];
    ModelConfigJson.write(folder, inHalves(config), ids);
    if (kept.length > 0) {
      AtomicFiles.write(generation, out -> out.write(kept));
    }
    JsonMapper json = new JsonMapper();
    Path file = folder.resolve(CONFIG);
    if (json.readTree(Files.readAllBytes(file)) instanceof ObjectNode fields) {
      fields.put(
          "torch_dtype",
          switch (type) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            case F32, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> "float32";
          });
      AtomicFiles.writeString(
          file, json.writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n");
    }
  }

  /// The layout knows only rotary pairs half a head apart, and the rows are put so.
  private static ModelConfig inHalves(ModelConfig config) {
    return config instanceof LlamaConfig llama ? llama.with(RotaryLayout.HALVES) : config;
  }
}
