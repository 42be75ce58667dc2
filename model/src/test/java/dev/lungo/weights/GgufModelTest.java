package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.RopeScaling;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class GgufModelTest {
  private static final int LENGTH = 40;

  @TempDir Path folder;

  static Set<String> names() {
    return TinyModels.configs().keySet();
  }

  private static float[] logits(Kernels kernels, LanguageModel model) {
    try (Workspace workspace = new Workspace("step")) {
      Pass pass = Pass.inference(kernels, workspace);
      int[] ids = new int[LENGTH];
      for (int i = 0; i < LENGTH; i++) {
        ids[i] = (i * 37 + 1) % TinyModels.VOCABULARY;
      }
      Tensor input = workspace.allocate(Shape.of(1, LENGTH), DType.INT32).set(ids);
      return model.logits(pass, model.hidden(pass, input, Optional.empty())).toFloats();
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void bothFormsOfTheSameWeightsGiveTheSameLogits(String name) throws IOException {
    Path file = folder.resolve("model.gguf");
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = TinyModels.random(TinyModels.configs().get(name), 3)) {
      TinyGguf.write(file, model, Map.of());
      ModelFolder.save(folder, model, SpecialTokenIds.NONE);
      float[] expected = logits(kernels, model);
      try (LanguageModel fromGguf = ModelFiles.load(file);
          LanguageModel fromFolder = ModelFiles.load(folder)) {
        assertThat(fromFolder.config()).isEqualTo(model.config());
        assertClose(logits(kernels, fromGguf), expected);
        assertClose(logits(kernels, fromFolder), expected);
      }
    }
  }

  private static void assertClose(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    double largest = 0;
    for (int i = 0; i < actual.length; i++) {
      // In this order, so that what is no number does not pass.
      largest = Math.abs(actual[i] - expected[i]) <= largest ? largest : actual[i] - expected[i];
    }
    assertThat(Math.abs(largest)).isLessThan(2e-4);
  }

  /// What one entry more or another number would do to the model is refused under the entry's name.
  @ParameterizedTest
  @CsvSource({
    "llama, attention.head_count, 7, sizes",
    "gpt2, attention.head_count, 7, gpt2.attention.head_count",
    "llama, attention.head_count_kv, 3, sizes",
    "llama, block_count, 1000000000, sizes",
    "llama, block_count, 3, blk.2.attn_norm.weight",
    "llama, block_count, 1, is not part of the model",
    "llama, embedding_length, 96, tensor token_embd.weight",
    "llama, attention.sliding_window, -4, llama.attention.sliding_window",
    "llama, expert_count, 8, llama.expert_count",
    "llama, attention.value_length, 8, llama.attention.value_length",
    "llama, attention.clamp_kqv, 3, llama.attention.clamp_kqv",
    "llama, final_logit_softcapping, 30, llama.final_logit_softcapping",
    "llama, attention.scale, 1, llama.attention.scale",
    "llama-3.1, rope.dimension_count, 8, tensor rope_freqs.weight",
    "phi3-longrope, rope.dimension_count, 14, tensor rope_factors_short.weight",
    "gemma2, attention.key_length, 12, gemma2.attention.value_length",
    "gemma3, attention.sliding_window, 0, gemma3.attention.sliding_window",
    "gpt2, feed_forward_length, 100, gpt2.feed_forward_length"
  })
  void nonsenseIsRefusedByName(String name, String entry, float value, String field)
      throws IOException {
    String architecture = name.replaceAll("-.*", "");
    assertRefused(name, Map.of(architecture + "." + entry, value), field);
  }

  @Test
  void nonsenseInNumbersAndTextsIsRefusedByName() throws IOException {
    assertRefused("llama", Map.of("llama.rope.freq_base", Float.NaN), "llama.rope.freq_base");
    assertRefused("llama", Map.of("llama.rope.freq_base", 0.5f), "sizes");
    assertRefused("llama", Map.of("llama.rope.scaling.type", "magic"), "llama.rope.scaling.type");
    assertRefused("llama-linear", Map.of("llama.rope.scaling.factor", -1f), "sizes");
    assertRefused(
        "llama",
        Map.of("llama.attention.layer_norm_rms_epsilon", "small"),
        "llama.attention.layer_norm_rms_epsilon");
    assertRefused(
        "llama",
        Map.of("llama.attention.head_count_kv", new int[] {2, 2}),
        "llama.attention.head_count_kv");
    assertRefused("llama", Map.of("llama.attention.causal", false), "llama.attention.causal");
    assertRefused("llama", Map.of("general.architecture", "mamba"), "general.architecture");
    assertRefused("llama", Map.of("general.architecture", 7), "general.architecture");
  }

  /// What GGUF files cannot say is not written; what is written is read back.
  @Test
  void configurationsComeBackOrAreRefused() throws IOException {
    for (var entry : TinyModels.folders().entrySet()) {
      ModelConfig config = entry.getValue();
      if (config instanceof OptConfig
          || (config instanceof LlamaConfig llama
              && llama.ropeScaling() instanceof RopeScaling.Dynamic)) {
        assertThatThrownBy(() -> GgufMetadata.of(config))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("GGUF files");
        continue;
      }
      Path file = folder.resolve("model.gguf");
      try (LanguageModel model = TinyModels.random(config, 3)) {
        TinyGguf.write(file, model, Map.of());
      }
      try (LanguageModel read = ModelFiles.load(file)) {
        assertThat(GgufMetadata.of(read.config()).entries())
            .isEqualTo(GgufMetadata.of(config).entries());
      }
    }
  }

  /// A Qwen without its biases is another model than one with them.
  @Test
  void tensorsThatNobodyAskedForAreRefused() throws IOException {
    Path file = folder.resolve("model.gguf");
    try (LanguageModel model = TinyModels.random(TinyModels.configs().get("qwen2"), 3)) {
      Map<String, Object> asLlama = new HashMap<>();
      for (String entry :
          List.of(
              "context_length",
              "embedding_length",
              "block_count",
              "feed_forward_length",
              "attention.head_count")) {
        asLlama.put("llama." + entry, size(model, entry));
      }
      asLlama.put("llama.attention.head_count_kv", 2);
      asLlama.put("llama.attention.layer_norm_rms_epsilon", 1e-5f);
      asLlama.put("general.architecture", "llama");
      TinyGguf.write(file, model, asLlama);
    }
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining("attn_q.bias")
        .hasMessageContaining("is not part of the model");
  }

  private static int size(LanguageModel model, String entry) {
    return switch (entry) {
      case "context_length" -> model.config().context();
      case "embedding_length" -> model.config().width();
      case "block_count" -> model.config().layers();
      case "feed_forward_length" -> model.config().feedForward();
      default -> model.config().heads();
    };
  }

  private void assertRefused(String name, Map<String, Object> changes, String field)
      throws IOException {
    Path file = folder.resolve("model.gguf");
    try (LanguageModel model = TinyModels.random(TinyModels.configs().get(name), 3)) {
      TinyGguf.write(file, model, changes);
    }
    assertThatThrownBy(() -> ModelFiles.load(file))
        .isInstanceOf(MalformedFileException.class)
        .hasMessageContaining(field);
  }
}
