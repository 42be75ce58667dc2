package dev.lungo.weights;

import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.GemmaGeneration;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RecurrentConfig;
import dev.lungo.model.RopeScaling;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a GGUF file says about a model beside its parameters and its tokenizer; [GgufConfig] reads
/// it back.
final class GgufMetadata {
  private static final String ATTENTION = "attention.";

  private final String architecture;
  private final Map<String, Object> entries = new LinkedHashMap<>();
  private final Map<String, float[]> vectors = new LinkedHashMap<>();

  private GgufMetadata(String architecture) {
    this.architecture = architecture;
    entries.put("general.architecture", architecture);
  }

  /// Describes a model.
  ///
  /// @throws IllegalArgumentException if a GGUF file cannot say what makes it the model that it is
  static GgufMetadata of(ModelConfig config) {
    return switch (config) {
      case LlamaConfig llama -> of(llama);
      case GemmaConfig gemma -> of(gemma);
      case Gpt2Config gpt2 -> {
        requirePositions(gpt2.positions(), PositionScheme.LEARNED);
        requireCausal(gpt2.attention());
        GgufMetadata metadata = new GgufMetadata("gpt2");
        metadata.putSizes(gpt2);
        metadata.put(ATTENTION + "layer_norm_epsilon", gpt2.normEpsilon());
        yield metadata;
      }
      case RecurrentConfig recurrent ->
          throw new IllegalArgumentException(
              "GGUF files hold no recurrent models such as this "
                  + RecurrentConfig.name(recurrent.cell())
                  + "; write a folder with safetensors");
      case OptConfig _ ->
          throw new IllegalArgumentException(
              "GGUF files hold no OPT models; write a folder with safetensors");
    };
  }

  /// Returns the entries, [Integer], [Float] or [String], by their full names.
  Map<String, Object> entries() {
    return entries;
  }

  /// Returns the float32 tensors beside the parameters.
  Map<String, float[]> vectors() {
    return vectors;
  }

  /// Returns which elements of a head the files of this architecture turn together. The files of
  /// plain Llamas hold the rows of queries and keys in another order than checkpoints do.
  RotaryLayout rotaryLayout() {
    return architecture.equals("llama") ? RotaryLayout.INTERLEAVED : RotaryLayout.HALVES;
  }

  private static void requirePositions(PositionScheme positions, PositionScheme known) {
    if (positions != known) {
      throw new IllegalArgumentException(
          "GGUF files of this architecture have "
              + known.label()
              + " positions and cannot say that they are "
              + positions.label()
              + "; write a folder with safetensors");
    }
  }

  private static void requireCausal(AttentionPattern pattern) {
    if (!(pattern instanceof AttentionPattern.Causal)) {
      throw new IllegalArgumentException(
          "GGUF files cannot say that attention is "
              + pattern.text()
              + "; they know full attention and, for Mistral and Gemma, windows; write a folder with"
              + " safetensors");
    }
  }

  private static GgufMetadata of(LlamaConfig config) {
    requirePositions(config.positions(), PositionScheme.ROPE);
    requireCausal(config.sparsity());
    GgufMetadata metadata = new GgufMetadata(architecture(config.family()));
    metadata.putSizes(config);
    metadata.putHeads(config, config.normEpsilon());
    metadata.put("rope.dimension_count", config.rotaryDim());
    metadata.put("rope.freq_base", config.ropeBase());
    metadata.putScaling(config.ropeScaling(), config.rotaryDim(), config.ropeBase());
    if (config.window() != AttentionShape.UNLIMITED) {
      metadata.put(ATTENTION + "sliding_window", config.window());
    }
    return metadata;
  }

  private static String architecture(LlamaFamily family) {
    return switch (family) {
      case LLAMA, MISTRAL -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
      case PHI3 -> "phi3";
    };
  }

  private static GgufMetadata of(GemmaConfig config) {
    boolean second = config.generation() == GemmaGeneration.GEMMA2;
    GgufMetadata metadata = new GgufMetadata(second ? "gemma2" : "gemma3");
    metadata.putSizes(config);
    metadata.putHeads(config, config.normEpsilon());
    metadata.put("rope.freq_base", config.ropeBase());
    metadata.putScaling(config.ropeScaling(), config.headDim(), config.ropeBase());
    metadata.put(ATTENTION + "sliding_window", config.window());
    metadata.put(ATTENTION + "sliding_window_pattern", config.windowPeriod());
    if (!second) {
      metadata.put("rope.freq_base_swa", config.windowRopeBase());
    }
    // Nought, rather than silence, says that there is no cap.
    metadata.put(GgufConfig.SCORE_CAP, cap(config.scoreCap()));
    metadata.put(GgufConfig.LOGIT_CAP, cap(config.logitCap()));
    float implied = GgufConfig.queryScalar(config);
    if (config.queryScalar() != implied) {
      throw new IllegalArgumentException(
          "GGUF files cannot say that scores are divided by the root of "
              + config.queryScalar()
              + " instead of "
              + implied
              + "; write a folder with safetensors");
    }
    if (second && config.windowRopeBase() != config.ropeBase()) {
      throw new IllegalArgumentException("GGUF files of Gemma 2 have one base of rotary angles");
    }
    return metadata;
  }

  private static float cap(float cap) {
    return cap < AttentionShape.UNCAPPED ? cap : 0;
  }

  private void put(String name, Object value) {
    entries.put(architecture + "." + name, value);
  }

  private void putSizes(ModelConfig config) {
    put("vocab_size", config.vocabulary());
    put("context_length", config.context());
    put("embedding_length", config.width());
    put("block_count", config.layers());
    put("feed_forward_length", config.feedForward());
    put(ATTENTION + "head_count", config.heads());
    put(ATTENTION + "head_count_kv", config.kvHeads());
  }

  private void putHeads(ModelConfig config, float epsilon) {
    put(ATTENTION + "key_length", config.headDim());
    put(ATTENTION + "value_length", config.headDim());
    put(ATTENTION + "layer_norm_rms_epsilon", epsilon);
  }

  private void putScaling(RopeScaling scaling, int turned, double base) {
    switch (scaling) {
      case RopeScaling.None _ -> {}
      case RopeScaling.Linear linear -> {
        put(GgufRope.TYPE, "linear");
        put(GgufRope.FACTOR, (float) linear.factor());
      }
      case RopeScaling.Yarn yarn -> {
        put(GgufRope.TYPE, "yarn");
        put(GgufRope.FACTOR, (float) yarn.factor());
        put(GgufRope.ORIGINAL, yarn.originalContext());
        put(GgufRope.BETA_FAST, (float) yarn.betaFast());
        put(GgufRope.BETA_SLOW, (float) yarn.betaSlow());
        double usual = RopeScaling.Yarn.usualFactor(yarn.factor());
        put(GgufRope.ATTENTION_FACTOR, (float) (yarn.attentionFactor() / usual));
      }
      case RopeScaling.LongRope longRope -> {
        put(GgufRope.ORIGINAL, longRope.originalContext());
        put(GgufRope.ATTENTION_FACTOR, (float) longRope.attentionFactor());
        putVector(GgufRope.SHORT, longRope.shortFactors());
        putVector(GgufRope.LONG, longRope.longFactors());
      }
      case RopeScaling.Divisors divisors -> putVector(GgufRope.DIVISORS, divisors.divisors());
      case RopeScaling.Llama3 llama -> putDivisors(llama, turned, base);
      case RopeScaling.Dynamic _ ->
          throw new IllegalArgumentException(
              "GGUF files cannot say that rotary positions are stretched as a text grows");
    }
  }

  private void putVector(String name, List<Double> values) {
    float[] floats = new float[values.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values.get(i).floatValue();
    }
    vectors.put(name, floats);
  }

  /// Spells out for each pair what the formula divides its angle by.
  private void putDivisors(RopeScaling scaling, int turned, double base) {
    double[] plain = RopeScaling.NONE.frequencies(turned, base, 1);
    double[] scaled = scaling.frequencies(turned, base, 1);
    float[] divisors = new float[plain.length];
    for (int i = 0; i < plain.length; i++) {
      divisors[i] = (float) (plain[i] / scaled[i]);
    }
    vectors.put(GgufRope.DIVISORS, divisors);
  }
}
