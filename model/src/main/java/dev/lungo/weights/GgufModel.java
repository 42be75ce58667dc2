package dev.lungo.weights;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.MalformedFileException;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/// A model in one GGUF file, as llama.cpp and its relatives use them.
///
/// Weights are read where they lie in the mapped file and in the format that they have, so that a
/// model takes as much memory as its file. Reading refuses what would silently give another model:
/// also a tensor that the model has no use for.
public final class GgufModel {
  private static final String TOKENIZER = "tokenizer.";

  private GgufModel() {}

  /// Opens a model, not trainable.
  ///
  /// @throws MalformedFileException if the file holds no model that Lungo has
  public static LanguageModel load(Path file) throws IOException {
    GgufHeader header = GgufHeader.read(file, name -> !name.startsWith(TOKENIZER));
    GgufFields fields = new GgufFields(header);
    GgufWeights weights = new GgufWeights(header);
    LanguageModel model = open(config(fields, weights), weights);
    try {
      weights.checkAllUsed();
      return model;
    } catch (IOException failed) {
      model.close();
      throw failed;
    }
  }

  private static ModelConfig config(GgufFields fields, GgufWeights weights) throws IOException {
    try {
      ModelConfig config = GgufConfig.read(fields, weights);
      weights.nameAs(config);
      return config;
    } catch (IOException | RuntimeException failed) {
      weights.close();
      throw failed;
    }
  }

  /// Opens the model, which closes the weights if it fails.
  private static LanguageModel open(ModelConfig config, GgufWeights weights) throws IOException {
    try {
      return LanguageModel.open(config, weights);
    } catch (UncheckedIOException failed) {
      throw failed.getCause();
    }
  }
}
