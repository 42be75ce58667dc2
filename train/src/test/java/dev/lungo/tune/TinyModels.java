package dev.lungo.tune;

import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.CharacterTokenizer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.train.ModelDial;
import dev.lungo.train.ModelDial.Architecture;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Models of random parameters, a token for each letter.
final class TinyModels {
  static final int CONTEXT = 48;

  private TinyModels() {}

  static Tokenizer tokenizer() {
    return CharacterTokenizer.of("abcdefghijklmnopqrstuvwxyz .");
  }

  static LanguageModel create(Architecture architecture, boolean trainable) {
    boolean attends = architecture == Architecture.LLAMA || architecture == Architecture.GPT2;
    LanguageModel model =
        LanguageModel.create(
            ModelDial.config(
                architecture,
                new ModelDial.Sizes(
                    2,
                    32,
                    attends ? 4 : 0,
                    attends ? 2 : 0,
                    tokenizer().vocabularySize(),
                    CONTEXT)),
            trainable);
    model.parameters().initialize(new RandomNumbers(3));
    // As large as in a trained model, so that states differ from text to text.
    model.parameters().all().stream()
        .filter(parameter -> parameter.deviation() > 0)
        .forEach(parameter ->
            new RandomNumbers(parameter.name().hashCode()).fillNormal(parameter.tensor(), 0.2));
    return model;
  }

  static Path save(Path folder, Architecture architecture) throws IOException {
    Files.createDirectories(folder);
    try (LanguageModel model = create(architecture, false)) {
      ModelFolder.save(folder, model, SpecialTokenIds.NONE);
    }
    tokenizer().save(folder.resolve("tokenizer.json"));
    return folder;
  }
}
