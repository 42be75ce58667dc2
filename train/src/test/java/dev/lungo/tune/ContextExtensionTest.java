package dev.lungo.tune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RopeScaling;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import dev.lungo.tokenizer.CharacterTokenizer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContextExtensionTest {
  private static final String TEXT = "the cat sat on the mat and the dog lay on the log. ";

  @TempDir Path folder;
  private Path base;
  private Path corpus;

  @BeforeEach
  void makeModel() throws IOException {
    corpus = Files.writeString(folder.resolve("text.txt"), TEXT.repeat(120));
    base = Files.createDirectories(folder.resolve("short"));
    Tokenizer tokenizer = CharacterTokenizer.of(TEXT);
    tokenizer.save(base.resolve("tokenizer.json"));
    Files.writeString(base.resolve("tokenizer_config.json"), "{}");
    LlamaConfig config =
        new LlamaConfig(tokenizer.vocabularySize(), 32, 2, 2, 1, 16, 64, 32, 1e-5f, 10_000, false);
    try (LanguageModel model = LanguageModel.create(config, false)) {
      model.parameters().initialize(new RandomNumbers(3));
      ModelFolder.save(
          base, model, new SpecialTokenIds(OptionalInt.empty(), List.of(), OptionalInt.empty()));
    }
  }

  private static final class Silent implements TuneListener {
    @Override
    public void phase(String name, String text) {}

    @Override
    public void progressed(Progress progress) {}
  }

  private ContextExtension.Outcome extend(String name, ContextMethod method, long steps)
      throws IOException {
    ContextSettings settings =
        new ContextSettings(128, method, corpus.toString(), steps, 3e-3, 4, 5, 2);
    return ContextExtension.run(base, folder.resolve(name), settings, "test", new Silent());
  }

  @Test
  void anExtendedModelReadsLongerTextsAndLearnsOnThem() throws IOException {
    ContextExtension.Outcome outcome = extend("long", ContextMethod.YARN, 12);
    assertThat(outcome.contextBefore()).isEqualTo(32);
    assertThat(outcome.bitsPerByte()).isLessThan(outcome.bitsPerByteBefore());
    Path saved = folder.resolve("long");
    assertThat(saved).isDirectoryContaining("glob:**/tokenizer_config.json");
    assertThat(Files.readString(saved.resolve("lungo.json"))).contains("\"method\" : \"YARN\"");
    try (LanguageModel model = ModelFolder.load(saved, false)) {
      assertThat(model.config().context()).isEqualTo(128);
      assertThat(((LlamaConfig) model.config()).ropeScaling())
          .isEqualTo(new RopeScaling.Yarn(4, 32));
    }
  }

  @Test
  void everyMethodSavesWhatIsReadBack() throws IOException {
    for (ContextMethod method : ContextMethod.values()) {
      extend(method.label(), method, 0);
      try (LanguageModel before = ModelFolder.load(base, false);
          LanguageModel after = ModelFolder.load(folder.resolve(method.label()), false)) {
        assertThat(after.config().context()).isEqualTo(128);
        for (int i = 0; i < before.parameters().all().size(); i++) {
          Tensor old = before.parameters().all().get(i).tensor();
          assertThat(after.parameters().all().get(i).tensor().toFloats())
              .containsExactly(old.toFloats());
        }
      }
    }
  }

  @Test
  void aTableOfPositionsKeepsItsOldRows() {
    LlamaConfig config =
        new LlamaConfig(20, 32, 1, 2, 1, 16, 64, 32, 1e-5f, 10_000, false)
            .with(PositionScheme.LEARNED);
    try (LanguageModel model = LanguageModel.create(config, false)) {
      model.parameters().initialize(new RandomNumbers(1));
      try (LanguageModel longer =
          ContextExtension.copy(model, ContextMethod.NONE.extend(config, 48), 2)) {
        float[] old = model.parameters().all().get(1).tensor().toFloats();
        assertThat(model.parameters().all().get(1).name()).contains("embed_positions");
        assertThat(longer.parameters().all().get(1).tensor().toFloats())
            .hasSize(48 * 32)
            .startsWith(old);
      }
    }
  }

  @Test
  void aFolderThatIsThereIsNotReplaced() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> extend("short", ContextMethod.YARN, 0))
        .withMessageContaining("is there already");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ContextSettings(128, ContextMethod.YARN, "", -1, 1e-3, 4, 5, 2))
        .withMessageContaining("steps");
  }
}
