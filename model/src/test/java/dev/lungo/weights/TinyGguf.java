package dev.lungo.weights;

import dev.lungo.model.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes small models as GGUF files of float32, with a vocabulary of bytes and letters.
final class TinyGguf {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int BYTE = 6;

  private TinyGguf() {}

  /// Writes all tiny models into a folder, for programs that read GGUF files too.
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    for (var entry : TinyModels.configs().entrySet()) {
      try (LanguageModel model = TinyModels.random(entry.getValue(), 1)) {
        write(folder.resolve(entry.getKey() + ".gguf"), model, Map.of());
      }
    }
  }

  /// Writes a model.
  ///
  /// @param changes of the metadata, after all else
  static void write(Path file, LanguageModel model, Map<String, Object> changes)
      throws IOException {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("general.name", "tiny");
    describeVocabulary(metadata);
    metadata.putAll(changes);
    GgufModelWriter.write(file, model, WeightType.F32, metadata, 1, name -> {});
  }

  private static void describeVocabulary(Map<String, Object> metadata) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    int[] types = new int[TinyModels.VOCABULARY];
    float[] scores = new float[TinyModels.VOCABULARY];
    types[0] = UNKNOWN;
    types[1] = CONTROL;
    types[2] = CONTROL;
    for (int id = tokens.size(); id < TinyModels.VOCABULARY; id++) {
      boolean single = id < 259;
      tokens.add(single ? String.format("<0x%02X>", id - 3) : "▁" + (char) ('a' + id - 259));
      types[id] = single ? BYTE : NORMAL;
      scores[id] = -id;
    }
    metadata.put("tokenizer.ggml.model", "llama");
    metadata.put("tokenizer.ggml.tokens", tokens);
    metadata.put("tokenizer.ggml.scores", scores);
    metadata.put("tokenizer.ggml.token_type", types);
    metadata.put("tokenizer.ggml.bos_token_id", 1);
    metadata.put("tokenizer.ggml.eos_token_id", 2);
    metadata.put("tokenizer.ggml.unknown_token_id", 0);
    metadata.put("tokenizer.ggml.add_bos_token", true);
  }
}
