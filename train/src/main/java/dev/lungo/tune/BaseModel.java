package dev.lungo.tune;

import dev.lungo.file.AtomicFiles;
import dev.lungo.model.LanguageModel;
import dev.lungo.tune.ClassificationSettings.Method;
import dev.lungo.weights.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/// The model that fine-tuning starts from: a folder in Hugging Face layout.
final class BaseModel {
  /// What goes along with the weights, besides the tokenizer.
  private static final List<String> COMPANIONS =
      List.of("tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json");

  private BaseModel() {}

  /// Opens a model to be tuned.
  ///
  /// @throws IllegalArgumentException if it is none that can be trained
  static LanguageModel open(Path folder, Method method) throws IOException {
    if (!Files.exists(folder)) {
      throw new NoSuchFileException(folder.toString(), null, "there is no model of this name");
    }
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          folder
              + " is a file; fine-tuning starts from a folder, which ./lungo export "
              + folder
              + " --out FOLDER --format safetensors writes");
    }
    return ModelFolder.load(folder, method == Method.FULL);
  }

  static void copyCompanions(Path base, Path folder) throws IOException {
    for (String name : COMPANIONS) {
      Path file = base.resolve(name);
      if (Files.isRegularFile(file)) {
        byte[] bytes = Files.readAllBytes(file);
        AtomicFiles.write(folder.resolve(name), out -> out.write(bytes));
      }
    }
  }
}
