package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.kernel.ScalarKernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.KvCache;
import dev.lungo.op.Norms;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Models that others trained, against what others recorded of them.
class GoldenModelTest {
  private static final String FIRST = "transformer.h.0.";

  private static Path folder(String model) {
    Path folder =
        Path.of(System.getProperty("lungo.testdata", "../../shared/data"), "models", model);
    assumeTrue(Files.exists(folder.resolve("golden.json")), "no test data: models/" + model);
    return folder;
  }

  private static JsonNode golden(Path folder) throws IOException {
    return JsonMapper.builder()
        .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
        .build()
        .readTree(Files.readString(folder.resolve("golden.json")));
  }

  static Stream<Kernels> implementations() {
    return Stream.of(new ScalarKernels(1), KernelChoice.open(2));
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void stories260kGivesTheRecordedLogitsAndText(Kernels kernels) throws IOException {
    Path folder = folder("stories260K");
    JsonNode golden = golden(folder);
    for (LanguageModel model :
        List.of(
            ModelFiles.load(folder),
            ModelFiles.load(folder.resolve("stories260K.gguf")),
            ModelFiles.load(folder.resolve("stories260K.bin")))) {
      checkStories(kernels, model, golden);
    }
  }

  private static void checkStories(Kernels kernels, LanguageModel model, JsonNode golden) {
    try (model;
        Workspace memory = new Workspace("cache");
        Workspace workspace = new Workspace("step")) {
      KvCache cache = model.newCache(memory, 1, 256);
      float[] logits = next(kernels, model, workspace, cache, 1);
      JsonNode expected = golden.get("logits_BOS_full512");
      for (int i = 0; i < logits.length; i++) {
        assertThat((double) logits[i]).isCloseTo(expected.get(i).doubleValue(), within(1e-4));
      }
      JsonNode text = golden.get("greedy_ids_200");
      JsonNode top = golden.get("top5_by_pos");
      assertThat(text.get(0).intValue()).isEqualTo(1);
      for (int position = 1; position < text.size(); position++) {
        if (position <= top.size()) {
          for (JsonNode pair : top.get(position - 1)) {
            assertThat((double) logits[pair.get(0).intValue()])
                .isCloseTo(pair.get(1).doubleValue(), within(1e-4));
          }
        }
        int id = argmax(logits);
        assertThat(id).as("position %d", position).isEqualTo(text.get(position).intValue());
        logits = next(kernels, model, workspace, cache, id);
      }
    }
  }

  private static float[] next(
      Kernels kernels, LanguageModel model, Workspace workspace, KvCache cache, int id) {
    workspace.reset();
    Pass pass = Pass.inference(kernels, workspace);
    Tensor ids = workspace.allocate(Shape.of(1, 1), DType.INT32).set(id);
    return model.logits(pass, model.hidden(pass, ids, Optional.of(cache))).toFloats();
  }

  private static int argmax(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }

  /// The published file lacks the biases of `attn.c_attn`, with which the activations were
  /// recorded. The first layer's follows from the recording's first row; with it, everything
  /// recorded of that layer must come out for all 33 rows.
  @ParameterizedTest
  @MethodSource("implementations")
  void gptNanoSortGivesTheRecordedActivationsOfItsFirstLayer(Kernels kernels) throws IOException {
    Path folder = folder("gpt-nano-sort");
    JsonNode golden = golden(folder);
    try (LanguageModel model = ModelFolder.load(folder, false);
        Workspace workspace = new Workspace("step")) {
      Map<String, float[]> seen = observe(kernels, model, workspace, golden);
      float[] bias = new float[144];
      for (int i = 0; i < bias.length; i++) {
        String part = FIRST + "attn." + "qkv".charAt(i / 48);
        bias[i] =
            (float) golden.get("qkv").get("data").get(i).doubleValue() - seen.get(part)[i % 48];
      }
      parameter(model, FIRST + "attn.c_attn.bias").set(bias);
      seen = observe(kernels, model, workspace, golden);
      compare(seen.get("transformer.wte"), golden.get("tok_emb"));
      compare(seen.get("transformer.wpe"), golden.get("pos_emb"));
      compare(seen.get(FIRST + "ln_1"), golden.get("ln1"));
      compare(headsFirst(seen.get(FIRST + "attn.q")), golden.get("q"));
      compare(headsFirst(seen.get(FIRST + "attn.k")), golden.get("k"));
      compare(headsFirst(seen.get(FIRST + "attn.v")), golden.get("v"));
      compare(seen.get(FIRST + "attn.mixed"), golden.get("y"));
      compare(seen.get(FIRST + "attn"), golden.get("yProj"));
      compare(seen.get(FIRST + "residual"), golden.get("attnResid"));
      compare(seen.get(FIRST + "ln_2"), golden.get("ln2"));
      compare(seen.get(FIRST + "mlp.c_fc"), golden.get("fc"));
      compare(seen.get(FIRST + "mlp.act"), golden.get("gelu"));
      compare(seen.get(FIRST + "mlp"), golden.get("mlp"));
      compare(seen.get("transformer.h.0"), golden.get("block0"));
    }
  }

  @ParameterizedTest
  @MethodSource("implementations")
  void gptNanoSortGivesTheRecordedProbabilitiesFromItsLastBlock(Kernels kernels)
      throws IOException {
    Path folder = folder("gpt-nano-sort");
    JsonNode golden = golden(folder);
    try (LanguageModel model = ModelFolder.load(folder, false);
        Workspace workspace = new Workspace("step")) {
      JsonNode recorded = golden.get("block2").get("data");
      float[] block = new float[recorded.size()];
      for (int i = 0; i < block.length; i++) {
        block[i] = recorded.get(i).floatValue();
      }
      Pass pass = Pass.inference(kernels, workspace);
      Tensor normed =
          Norms.layerNorm(
              pass,
              workspace.allocate(3, 11, 48).set(block),
              parameter(model, "transformer.ln_f.weight"),
              parameter(model, "transformer.ln_f.bias"),
              1e-5f);
      compare(normed.toFloats(), golden.get("ln_f"));
      Tensor logits = model.logits(pass, normed);
      compare(logits.toFloats(), golden.get("lm_head"));
      kernels.loss().softmax(logits.data(), 33, 3);
      compare(logits.toFloats(), golden.get("probs"));
    }
  }

  private static Map<String, float[]> observe(
      Kernels kernels, LanguageModel model, Workspace workspace, JsonNode golden) {
    int[] ids = new int[33];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = golden.get("idx").get("data").get(i).intValue();
    }
    Map<String, float[]> seen = new HashMap<>();
    Pass pass =
        Pass.observed(kernels, workspace, (name, value) -> seen.put(name, value.toFloats()));
    Tensor input = workspace.allocate(Shape.of(3, 11), DType.INT32).set(ids);
    model.hidden(pass, input, Optional.empty());
    return seen;
  }

  private static Tensor parameter(LanguageModel model, String name) {
    return model.parameters().all().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow()
        .tensor();
  }

  /// Brings (B, T, H, D) into the recording's (B, H, T, D).
  private static float[] headsFirst(float[] values) {
    float[] out = new float[values.length];
    for (int b = 0; b < 3; b++) {
      for (int t = 0; t < 11; t++) {
        for (int h = 0; h < 3; h++) {
          System.arraycopy(
              values, ((b * 11 + t) * 3 + h) * 16, out, ((b * 3 + h) * 11 + t) * 16, 16);
        }
      }
    }
    return out;
  }

  private static void compare(float[] actual, JsonNode expected) {
    JsonNode data = expected.get("data");
    assertThat(actual).hasSize(data.size());
    for (int i = 0; i < actual.length; i++) {
      assertThat((double) actual[i]).isCloseTo(data.get(i).doubleValue(), within(1e-5));
    }
  }

  @Test
  void gptNanoSortSortsEveryInput() throws IOException {
    Path folder = folder("gpt-nano-sort");
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = ModelFolder.load(folder, false);
        Workspace memory = new Workspace("cache");
        Workspace workspace = new Workspace("step")) {
      KvCache cache = model.newCache(memory, 1, 11);
      for (int number = 0; number < 729; number++) {
        int[] input = new int[6];
        for (int i = 0, rest = number; i < 6; i++, rest /= 3) {
          input[i] = rest % 3;
        }
        cache.truncate(0);
        float[] logits = new float[0];
        for (int id : input) {
          logits = next(kernels, model, workspace, cache, id);
        }
        int[] sorted = new int[6];
        for (int i = 0; i < 6; i++) {
          sorted[i] = argmax(logits);
          logits = i == 5 ? logits : next(kernels, model, workspace, cache, sorted[i]);
        }
        Arrays.sort(input);
        assertThat(sorted).containsExactly(input);
      }
    }
  }

  @Test
  void aSavedModelComesBackBitByBit(@TempDir Path temporary) throws IOException {
    Path folder = folder("gpt-nano-sort");
    try (LanguageModel model = ModelFolder.load(folder, false)) {
      ModelFolder.save(temporary, model, SpecialTokenIds.NONE);
      try (LanguageModel again = ModelFolder.load(temporary, true)) {
        assertThat(again.config()).isEqualTo(model.config());
        for (int i = 0; i < model.parameters().all().size(); i++) {
          assertThat(again.parameters().all().get(i).tensor().toFloats())
              .containsExactly(model.parameters().all().get(i).tensor().toFloats());
        }
      }
    }
  }
}
