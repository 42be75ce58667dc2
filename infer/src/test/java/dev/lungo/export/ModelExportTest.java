package dev.lungo.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.export.ModelExport.Format;
import dev.lungo.export.ModelExport.Result;
import dev.lungo.file.GgufHeader;
import dev.lungo.generate.Generator;
import dev.lungo.generate.Perplexity;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.ScalarKernels;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.ModelFiles;
import dev.lungo.weights.ModelFolder;
import dev.lungo.weights.SpecialTokenIds;
import dev.lungo.weights.WeightType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelExportTest {
  private static final String TEXT = "the cat sat on the mat, the dog sat on the log. ".repeat(8);
  private static final LlamaConfig LLAMA =
      new LlamaConfig(300, 64, 2, 4, 2, 16, 96, 64, 1e-5f, 10_000, false);

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void saveAModel() throws IOException {
    model = save("model", LLAMA);
  }

  private Path save(String name, ModelConfig config) throws IOException {
    Path path = folder.resolve(name);
    Tokenizer tokenizer = new BpeTrainer(BpeTrainer.Settings.ofSize(280, 1)).train(List.of(TEXT));
    try (LanguageModel created = LanguageModel.create(config, false)) {
      created.parameters().initialize(new RandomNumbers(5));
      SpecialTokenIds ids =
          new SpecialTokenIds(
              OptionalInt.empty(), List.of(tokenizer.endOfText().getAsInt()), OptionalInt.empty());
      ModelFolder.save(path, created, ids);
    }
    tokenizer.save(path.resolve("tokenizer.json"));
    return path;
  }

  private static Result export(Path from, Format format, WeightType type, Path out)
      throws IOException {
    return ModelExport.run(
        new ModelExport.Settings(from, format, type, out, false, 2), (tensor, number, count) -> {});
  }

  private static float[] logits(Path path) throws IOException {
    try (Kernels kernels = new ScalarKernels(1);
        LanguageModel opened = ModelFiles.load(path);
        Generator generator = new Generator(kernels, opened, 16)) {
      return generator.feed(1, 70, 280 - 1, 3).toFloats();
    }
  }

  private static void assertClose(float[] actual, float[] expected, double within) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i]).isCloseTo(expected[i], within(within));
    }
  }

  @Test
  void anExportedModelGivesTheSameLogits() throws IOException {
    float[] expected = logits(model);
    Path gguf = folder.resolve("model.gguf");
    Result result = export(model, Format.GGUF, WeightType.F32, gguf);
    assertThat(result.bytes()).isEqualTo(Files.size(gguf));
    assertThat(result.bitsPerWeight()).isEqualTo(32);
    assertThat(result.warnings()).isEmpty();
    assertClose(logits(gguf), expected, 1e-6);
    Path eight = folder.resolve("eight.gguf");
    assertThat(export(model, Format.GGUF, WeightType.Q8_0, eight).bitsPerWeight())
        .isBetween(8.5, 8.8);
    assertClose(logits(eight), expected, 0.01);
  }

  @Test
  void theTokenizerGoesAlong() throws IOException {
    Path gguf = folder.resolve("model.gguf");
    export(model, Format.GGUF, WeightType.F16, gguf);
    Tokenizer expected = TokenizerFiles.load(model);
    // The model has more ids than the tokenizer has tokens.
    assertThat(TokenizerFiles.load(gguf).vocabularySize()).isEqualTo(300);
    Path back = folder.resolve("back");
    export(gguf, Format.SAFETENSORS, WeightType.F32, back);
    assertThat(TokenizerFiles.load(back).encode(TEXT)).isEqualTo(expected.encode(TEXT));
    assertThat(Files.readString(back.resolve("generation_config.json")))
        .contains("\"eos_token_id\" : " + expected.endOfText().orElseThrow());
  }

  @Test
  void foldersHoldSixteenBitsAndSaySo() throws IOException {
    float[] expected = logits(model);
    for (WeightType type : List.of(WeightType.F16, WeightType.BF16)) {
      Path out = folder.resolve(type.name());
      Result result = export(model, Format.SAFETENSORS, type, out);
      assertThat(result.bitsPerWeight()).isEqualTo(16);
      assertThat(Files.readString(out.resolve("config.json")))
          .contains(type == WeightType.F16 ? "float16" : "bfloat16");
      assertClose(logits(out), expected, type == WeightType.F16 ? 1e-3 : 1e-2);
    }
    assertThatThrownBy(
            () -> export(model, Format.SAFETENSORS, WeightType.Q4_K, folder.resolve("four")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("gguf");
  }

  @Test
  void gpt2FoldersKeepTheirTransposedMatrices() throws IOException {
    Path gpt2 = save("gpt2", new Gpt2Config(300, 32, 2, 4, 64, 1e-5f, true));
    Path out = folder.resolve("out");
    export(gpt2, Format.SAFETENSORS, WeightType.F32, out);
    assertClose(logits(out), logits(gpt2), 0);
  }

  @Test
  void rotaryPairsMoveBetweenTheLayoutsAndBack() throws IOException {
    Path gguf = folder.resolve("model.gguf");
    export(model, Format.GGUF, WeightType.F32, gguf);
    Path again = folder.resolve("again.gguf");
    export(gguf, Format.GGUF, WeightType.F32, again);
    assertClose(logits(again), logits(gguf), 0);
    Path back = folder.resolve("back");
    export(gguf, Format.SAFETENSORS, WeightType.F32, back);
    assertClose(logits(back), logits(model), 0);
  }

  @Test
  void nothingIsOverwrittenUnasked() throws IOException {
    Path gguf = folder.resolve("model.gguf");
    Files.writeString(gguf, "precious");
    assertThatThrownBy(() -> export(model, Format.GGUF, WeightType.F32, gguf))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--force");
    assertThat(gguf).hasContent("precious");
    ModelExport.Settings itself =
        new ModelExport.Settings(model, Format.SAFETENSORS, WeightType.F16, model, true, 1);
    assertThatThrownBy(() -> ModelExport.run(itself, (tensor, number, count) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("itself");
    logits(model);
  }

  @Test
  void chatTemplateAndSamplingGoAlong() throws IOException {
    Files.writeString(
        model.resolve("tokenizer_config.json"), "{\"chat_template\": \"{{ messages }}\"}");
    Files.writeString(
        model.resolve("generation_config.json"), "{\"temperature\": 0.5, \"top_k\": 7}");
    Path gguf = folder.resolve("model.gguf");
    export(model, Format.GGUF, WeightType.F32, gguf);
    GgufHeader header = GgufHeader.read(gguf, name -> true);
    assertThat(header.metadata())
        .containsEntry("tokenizer.chat_template", "{{ messages }}")
        .containsEntry("general.sampling.temp", 0.5f)
        .containsEntry("general.sampling.top_k", 7L);
    Path back = folder.resolve("back");
    export(gguf, Format.SAFETENSORS, WeightType.F32, back);
    assertThat(back.resolve("chat_template.jinja")).hasContent("{{ messages }}");
  }

  @Test
  void perplexityOfAModelThatKnowsNothingIsItsVocabulary() throws IOException {
    byte[] text = TEXT.getBytes(StandardCharsets.UTF_8);
    try (Perplexity perplexity = Perplexity.open(model, 1)) {
      Perplexity.Result whole = perplexity.of(text, 64, 1_000_000, (done, all) -> {});
      // First weights are small, so that the choice is nearly even.
      assertThat(whole.perplexity()).isBetween(250.0, 350.0);
      assertThat(whole.bytes()).isEqualTo(text.length);
      assertThat(whole.bitsPerByte())
          .isCloseTo(whole.nats() / Math.log(2) / text.length, within(1e-9));
      Perplexity.Result part = perplexity.of(text, 16, 20, (done, all) -> {});
      assertThat(part.tokens()).isEqualTo(20);
      assertThatThrownBy(() -> perplexity.of(text, 65, 20, (done, all) -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("64");
    }
  }
}
