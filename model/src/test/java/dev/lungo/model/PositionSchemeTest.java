package dev.lungo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.nn.Parameter;
import dev.lungo.nn.Sinusoids;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.weights.GgufModelWriter;
import dev.lungo.weights.ModelConfigJson;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PositionSchemeTest {
  private static final LlamaConfig LLAMA =
      new LlamaConfig(19, 24, 1, 4, 2, 6, 40, 16, 1e-5f, 10_000, false);

  @TempDir Path folder;

  private static LanguageModel model(ModelConfig config) {
    LanguageModel model = LanguageModel.create(config, false);
    RandomNumbers random = new RandomNumbers(5);
    model.parameters().initialize(random);
    // Larger than first values are, so that attention looks at something.
    for (Parameter parameter : model.parameters().all()) {
      if (parameter.role() == Parameter.Role.MATRIX) {
        random.fillNormal(parameter.tensor(), 0.3);
      }
    }
    return model;
  }

  /// Returns the logits after the last id.
  private static float[] last(LanguageModel model, int... ids) {
    try (Kernels kernels = KernelChoice.open(1);
        Workspace workspace = new Workspace("test")) {
      Pass pass = Pass.inference(kernels, workspace);
      Tensor input = workspace.allocate(Shape.of(1, ids.length), DType.INT32).set(ids);
      float[] all = model.logits(pass, model.hidden(pass, input, Optional.empty())).toFloats();
      return Arrays.copyOfRange(all, all.length - model.config().vocabulary(), all.length);
    }
  }

  @ParameterizedTest
  @EnumSource(PositionScheme.class)
  void onlyAModelWithPositionsSeesTheOrderOfWhatCameBefore(PositionScheme scheme) {
    try (LanguageModel model = model(LLAMA.with(scheme))) {
      float[] forwards = last(model, 1, 2, 3, 4);
      float[] otherwise = last(model, 3, 2, 1, 4);
      float apart = 0;
      for (int i = 0; i < forwards.length; i++) {
        apart = Math.max(apart, Math.abs(forwards[i] - otherwise[i]));
      }
      if (scheme == PositionScheme.NONE) {
        // One layer only sums over what came before.
        assertThat(apart).isLessThan(2e-6f);
      } else {
        assertThat(apart).isGreaterThan(1e-4f);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(PositionScheme.class)
  void parametersAreAsManyAsCounted(PositionScheme scheme) {
    try (LanguageModel model = model(LLAMA.with(scheme))) {
      assertThat(model.parameters().count()).isEqualTo(ParameterCount.of(model.config()).total());
    }
  }

  @ParameterizedTest
  @EnumSource(PositionScheme.class)
  void aSavedModelKeepsItsPositions(PositionScheme scheme) throws IOException {
    List<ModelConfig> configs =
        scheme == PositionScheme.ROPE
            ? List.of(LLAMA)
            : List.of(
                LLAMA.with(scheme), new Gpt2Config(19, 24, 1, 4, 16, 1e-5f, true).with(scheme));
    for (ModelConfig config : configs) {
      try (LanguageModel model = model(config)) {
        SpecialTokenIds none =
            new SpecialTokenIds(OptionalInt.empty(), List.of(), OptionalInt.empty());
        ModelFolder.save(folder, model, none);
        try (LanguageModel back = ModelFolder.load(folder, false)) {
          assertThat(back.config()).isEqualTo(config);
          assertThat(last(back, 1, 2, 3)).containsExactly(last(model, 1, 2, 3));
        }
      }
      String json = Files.readString(folder.resolve("config.json"));
      boolean published =
          scheme == PositionScheme.ROPE
              || scheme == PositionScheme.LEARNED && config instanceof Gpt2Config;
      if (published) {
        assertThat(json).doesNotContain("lungo");
      } else {
        // Other tools must not take it for a model that they know.
        assertThat(json).contains("lungo_positions", "\"lungo_");
      }
    }
  }

  @Test
  void sinusoidsAreThePaperS() {
    float[] table = Sinusoids.table(50, 7);
    for (int position = 0; position < 50; position++) {
      for (int i = 0; i < 7; i++) {
        double angle = position / Math.pow(10_000, (i - i % 2) / 7.0);
        assertThat(table[position * 7 + i])
            .isCloseTo((float) (i % 2 == 0 ? Math.sin(angle) : Math.cos(angle)), within(1e-6f));
      }
    }
  }

  @Test
  void publishedNumbersAreComputed() {
    for (PublishedPosition position : PublishedPosition.all()) {
      assertThat(position.computed()).as(position.name()).isEqualTo(position.expected());
    }
  }

  @Test
  void filesThatSayNonsenseOfPositionsAreRefused() throws IOException {
    String json =
        """
        {"model_type":"lungo_gpt2","vocab_size":3,"n_embd":48,"n_layer":3,"n_head":3,"n_positions":11,
         "lungo_positions":"alibi"}
        """;
    Path file = folder.resolve("config.json");
    assertThat(ModelConfigJson.read(Files.writeString(file, json)))
        .isEqualTo(new Gpt2Config(3, 48, 3, 3, 11, 1e-5f, true).with(PositionScheme.ALIBI));
    for (String wrong :
        List.of(
            json.replace("\"alibi\"", "\"relative\""),
            json.replace("\"alibi\"", "7"),
            json.replace("\"alibi\"", "\"rope\""),
            json.replace("lungo_gpt2", "gpt2"),
            json.replace("lungo_gpt2", "lungo_lungo_gpt2"))) {
      Files.writeString(file, wrong);
      assertThatExceptionOfType(MalformedFileException.class)
          .isThrownBy(() -> ModelConfigJson.read(file));
    }
  }

  @Test
  void aGgufFileCannotHoldPositionsOfAnotherKind() {
    for (ModelConfig config :
        List.of(
            LLAMA.with(PositionScheme.ALIBI),
            new Gpt2Config(19, 24, 1, 4, 16, 1e-5f, true).with(PositionScheme.SINUSOIDAL))) {
      try (LanguageModel model = model(config)) {
        assertThatIllegalArgumentException()
            .isThrownBy(() ->
                GgufModelWriter.write(
                    folder.resolve("out.gguf"), model, WeightType.F32, Map.of(), 1, name -> {}))
            .withMessageContaining("cannot say that they are");
      }
      assertThat(folder.resolve("out.gguf")).doesNotExist();
    }
  }

  @Test
  void positionsThatDoNotFitAreRefused() {
    Gpt2Config gpt2 = new Gpt2Config(19, 24, 1, 4, 16, 1e-5f, true);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> gpt2.with(PositionScheme.ROPE))
        .withMessageContaining("rotary positions are a Llama's");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> LLAMA.with(PositionScheme.NONE).reaching(32, 10_000, new RopeScaling.Linear(2)))
        .withMessageContaining("only rotary positions can be stretched");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PositionScheme.of("relative"))
        .withMessageContaining("\"relative\"");
  }
}
