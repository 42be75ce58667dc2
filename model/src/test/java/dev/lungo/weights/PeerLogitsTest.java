package dev.lungo.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.nn.KvCache;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What others computed from the files of the tiny models: Hugging Face's transformers 5.18.0 from
/// the folders, llama.cpp (node-llama-cpp 3.22.1) from the GGUF files. The recording holds the
/// first logits after a sequence, and 40 ids chosen greedily.
class PeerLogitsTest {
  private static final int[] PROMPT = {1, 70, 85, 100, 260, 40, 41, 199};
  private static final int LENGTH = 40;
  private static final long SEED = 1;

  @TempDir Path folder;

  private static JsonNode recording() throws IOException {
    try (InputStream in = PeerLogitsTest.class.getResourceAsStream("tiny-models.json")) {
      return new JsonMapper().readTree(in);
    }
  }

  static Set<String> folders() {
    return TinyModels.folders().keySet();
  }

  static Set<String> files() {
    return TinyModels.configs().keySet();
  }

  @ParameterizedTest
  @MethodSource("folders")
  void foldersGiveTheLogitsOfTransformers(String name) throws IOException {
    try (LanguageModel made = TinyModels.random(TinyModels.folders().get(name), SEED)) {
      ModelFolder.save(folder, made, SpecialTokenIds.NONE);
    }
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = ModelFiles.load(folder);
        Workspace workspace = new Workspace("step")) {
      int[] ids = new int[LENGTH];
      for (int i = 0; i < LENGTH; i++) {
        ids[i] = (i * 37 + 1) % TinyModels.VOCABULARY;
      }
      float[] logits = last(kernels, model, workspace, Optional.empty(), ids);
      assertClose(logits, recording().get(name).get("transformers"), 1e-4);
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void filesGiveTheLogitsAndIdsOfLlamaCpp(String name) throws IOException {
    Path file = folder.resolve("model.gguf");
    try (LanguageModel made = TinyModels.random(TinyModels.configs().get(name), SEED)) {
      TinyGguf.write(file, made, Map.of());
    }
    // llama.cpp looks GELU up in a table of 16-bit floats.
    boolean gelu = name.startsWith("gemma") || name.startsWith("gpt2");
    try (Kernels kernels = KernelChoice.open(1);
        LanguageModel model = ModelFiles.load(file);
        Workspace memory = new Workspace("cache");
        Workspace workspace = new Workspace("step")) {
      JsonNode recorded = recording().get(name);
      Optional<KvCache> cache = Optional.of(model.newCache(memory, 1, 64));
      float[] logits = last(kernels, model, workspace, cache, PROMPT);
      assertClose(logits, recorded.get("llamaCpp"), gelu ? 3e-3 : 1e-4);
      for (int i = 0; i < recorded.get("greedy").size(); i++) {
        int best = largest(logits);
        assertThat(best).as("id %d", i).isEqualTo(recorded.get("greedy").get(i).intValue());
        logits = last(kernels, model, workspace, cache, best);
      }
    }
  }

  private static float[] last(
      Kernels kernels,
      LanguageModel model,
      Workspace workspace,
      Optional<KvCache> cache,
      int... ids) {
    workspace.reset();
    Pass pass = Pass.inference(kernels, workspace);
    Tensor input = workspace.allocate(Shape.of(1, ids.length), DType.INT32).set(ids);
    Tensor rows = model.hidden(pass, input, cache).view(ids.length, model.config().width());
    return model.logits(pass, rows.rows(ids.length - 1, ids.length)).toFloats();
  }

  private static int largest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  private static void assertClose(float[] logits, JsonNode recorded, double tolerance) {
    assertThat(recorded.size()).isEqualTo(8);
    for (int i = 0; i < recorded.size(); i++) {
      assertThat((double) logits[i])
          .as("logit %d", i)
          .isCloseTo(recorded.get(i).doubleValue(), within(tolerance));
    }
  }
}
