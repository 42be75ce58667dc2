package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.model.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/// Opens models for use, whatever format they are in: a folder in Hugging Face layout, `*.gguf`
/// (llama.cpp), `*.bin` (llama2.c).
public final class ModelFiles {
  private ModelFiles() {}

  /// Opens the model in `path`, not trainable.
  ///
  /// @throws NoSuchFileException if there is nothing of this name
  /// @throws MalformedFileException if the file is not what its format says, or holds no model that
  ///   Lungo has
  public static LanguageModel load(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return ModelFolder.open(path);
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(
          path.toString(), null, "there is no model file or folder of this name");
    }
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    if (name.endsWith(".gguf")) {
      return GgufModel.load(path);
    }
    if (name.endsWith(".bin")) {
      return Llama2cModel.load(path);
    }
    throw new MalformedFileException(
        path.toString(),
        0,
        "format",
        "not recognised; Lungo opens folders with config.json and model.safetensors, *.gguf, and llama2.c's *.bin");
  }
}
