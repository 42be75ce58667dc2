package dev.lungo.weights;

import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.GemmaGeneration;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LanguageModel;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.RopeScaling;
import dev.lungo.nn.Parameter;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One small random model of each architecture that a GGUF file can hold. Their numbers are large
/// enough that a detail forgotten anywhere changes what they write.
final class TinyModels {
  /// Unknown, beginning, end, and 256 bytes; the rest are letters.
  static final int VOCABULARY = 288;

  private static final int ALL = AttentionShape.UNLIMITED;

  private TinyModels() {}

  /// Returns the models by name.
  static Map<String, ModelConfig> configs() {
    Map<String, ModelConfig> configs = new LinkedHashMap<>();
    configs.put("llama", llama(LlamaFamily.LLAMA, 16, RopeScaling.NONE, ALL));
    configs.put("llama-linear", llama(LlamaFamily.LLAMA, 16, new RopeScaling.Linear(2.5), ALL));
    configs.put(
        "llama-3.1", llama(LlamaFamily.LLAMA, 16, new RopeScaling.Llama3(8, 1, 4, 32), ALL));
    configs.put("llama-yarn", llama(LlamaFamily.LLAMA, 16, new RopeScaling.Yarn(4, 32), ALL));
    configs.put("qwen2", llama(LlamaFamily.QWEN2, 16, RopeScaling.NONE, ALL));
    configs.put("qwen2-yarn", llama(LlamaFamily.QWEN2, 16, new RopeScaling.Yarn(4, 32), ALL));
    configs.put("qwen3", llama(LlamaFamily.QWEN3, 16, RopeScaling.NONE, ALL));
    configs.put("phi3", llama(LlamaFamily.PHI3, 16, RopeScaling.NONE, ALL));
    configs.put("phi3-partial", llama(LlamaFamily.PHI3, 8, RopeScaling.NONE, ALL));
    configs.put("phi3-longrope", llama(LlamaFamily.PHI3, 12, longRope(), ALL));
    configs.put("gemma2", gemma(GemmaGeneration.GEMMA2, 2, 2, 3));
    configs.put(
        "gemma3",
        gemma(GemmaGeneration.GEMMA3, 6, AttentionShape.UNCAPPED, AttentionShape.UNCAPPED));
    configs.put("gpt2", new Gpt2Config(VOCABULARY, 48, 2, 3, 256, 1e-5f, false));
    return configs;
  }

  /// Returns those too that only a folder can hold.
  static Map<String, ModelConfig> folders() {
    Map<String, ModelConfig> configs = configs();
    configs.put("mistral-window", llama(LlamaFamily.MISTRAL, 16, RopeScaling.NONE, 12));
    configs.put("llama-dynamic", llama(LlamaFamily.LLAMA, 16, new RopeScaling.Dynamic(8, 32), ALL));
    configs.put("qwen2-window", llama(LlamaFamily.QWEN2, 16, RopeScaling.NONE, 12));
    configs.put("qwen3-window", llama(LlamaFamily.QWEN3, 16, RopeScaling.NONE, 12));
    configs.put("phi3-window", llama(LlamaFamily.PHI3, 16, RopeScaling.NONE, 12));
    configs.put("opt", new OptConfig(VOCABULARY, 48, 2, 3, 100, 256, true));
    return configs;
  }

  private static RopeScaling longRope() {
    return new RopeScaling.LongRope(
        List.of(1.0, 1.1, 1.2, 1.3, 1.4, 1.5), List.of(1.0, 1.5, 2.0, 2.5, 3.0, 3.5), 32, 1.2);
  }

  private static LlamaConfig llama(
      LlamaFamily family, int rotaryDim, RopeScaling scaling, int window) {
    return new LlamaConfig(
        VOCABULARY,
        64,
        2,
        4,
        2,
        16,
        96,
        256,
        1e-5f,
        10_000,
        family == LlamaFamily.QWEN2,
        RotaryLayout.HALVES,
        family,
        rotaryDim,
        scaling,
        window);
  }

  private static GemmaConfig gemma(
      GemmaGeneration generation, int period, float scoreCap, float logitCap) {
    boolean third = generation == GemmaGeneration.GEMMA3;
    return new GemmaConfig(
        generation,
        VOCABULARY,
        48,
        third ? 7 : 4,
        4,
        2,
        16,
        80,
        256,
        1e-6f,
        third ? 1_000_000 : 10_000,
        third ? new RopeScaling.Linear(8) : RopeScaling.NONE,
        10_000,
        16,
        12,
        period,
        scoreCap,
        logitCap,
        true);
  }

  /// Makes a model with random numbers.
  static LanguageModel random(ModelConfig config, long seed) {
    LanguageModel model = LanguageModel.create(config, false);
    RandomNumbers random = new RandomNumbers(seed);
    for (Parameter parameter : model.parameters().all()) {
      fill(parameter, random);
    }
    return model;
  }

  private static void fill(Parameter parameter, RandomNumbers random) {
    Tensor tensor = parameter.tensor();
    int width = tensor.shape().width();
    switch (parameter.role()) {
      case EMBEDDING -> random.fillNormal(tensor, 0.15);
      case MATRIX, HEAD -> random.fillNormal(tensor, 1.5 / Math.sqrt(width));
      case BIAS -> random.fillNormal(tensor, 0.2);
      case SCALE -> {
        float[] values = new float[width];
        for (int i = 0; i < width; i++) {
          values[i] = (float) (1 + 0.3 * random.nextGaussian());
        }
        tensor.set(values);
      }
    }
  }
}
