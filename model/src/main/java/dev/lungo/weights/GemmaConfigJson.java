package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.GemmaGeneration;
import dev.lungo.model.RopeScaling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The fields of `config.json` that describe Gemma models.
final class GemmaConfigJson {
  private static final String SCORE_CAP = "attn_logit_softcapping";
  private static final String LOGIT_CAP = "final_logit_softcapping";
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";
  private static final int GEMMA2_PERIOD = 2;
  private static final int GEMMA3_PERIOD = 6;

  private GemmaConfigJson() {}

  static GemmaConfig read(JsonFields fields, GemmaGeneration generation) throws IOException {
    boolean second = generation == GemmaGeneration.GEMMA2;
    ModelConfigJson.require(fields, "hidden_activation", List.of("gelu_pytorch_tanh"));
    ModelConfigJson.refuse(fields, "attention_bias", "use_bidirectional_attention");
    int layers = fields.size("num_hidden_layers");
    int context = fields.size("max_position_embeddings");
    // The newest files describe the two kinds of layers apart.
    boolean apart = fields.has("rope_parameters." + FULL);
    String rope = apart ? "rope_parameters." + FULL : "rope_scaling";
    RopeScaling scaling = RopeJson.read(fields, rope, context);
    double base =
        apart
            ? fields.number(rope + ".rope_theta")
            : fields.number("rope_theta", second ? 10_000 : 1_000_000);
    if (second && !scaling.equals(RopeScaling.NONE)) {
      throw fields.malformed(rope, "stretches positions, which Lungo's Gemma 2 does not");
    }
    return new GemmaConfig(
        generation,
        fields.size("vocab_size"),
        fields.size("hidden_size"),
        layers,
        fields.size("num_attention_heads"),
        fields.size("num_key_value_heads"),
        fields.size("head_dim"),
        fields.size("intermediate_size"),
        scaling.reach(context),
        (float) fields.number("rms_norm_eps", 1e-6),
        (float) base,
        scaling,
        second ? (float) base : (float) windowBase(fields, apart),
        (float) fields.number("query_pre_attn_scalar"),
        fields.size("sliding_window"),
        period(fields, second ? GEMMA2_PERIOD : GEMMA3_PERIOD, layers),
        cap(fields, SCORE_CAP, second ? 50 : AttentionShape.UNCAPPED),
        cap(fields, LOGIT_CAP, second ? 30 : AttentionShape.UNCAPPED),
        fields.truth("tie_word_embeddings", true));
  }

  private static double windowBase(JsonFields fields, boolean apart) throws MalformedFileException {
    if (!apart) {
      return fields.number("rope_local_base_freq", 10_000);
    }
    String outer = "rope_parameters." + SLIDING;
    if (!RopeJson.read(fields, outer, 1).equals(RopeScaling.NONE)) {
      throw fields.malformed(
          outer, "stretches positions, which Lungo's Gemma does not within a window");
    }
    return fields.number(outer + ".rope_theta");
  }

  /// What is null is no cap; what is absent is the usual one.
  private static float cap(JsonFields fields, String name, float usual)
      throws MalformedFileException {
    float absent = fields.mentions(name) ? AttentionShape.UNCAPPED : usual;
    return (float) fields.number(name, absent);
  }

  /// Reads after how many layers one sees everything.
  private static int period(JsonFields fields, int usual, int layers)
      throws MalformedFileException {
    List<String> types = fields.texts("layer_types");
    int first = types.indexOf(FULL);
    int known = types.isEmpty() ? usual : first < 0 ? layers + 1 : first + 1;
    int period =
        fields.size("sliding_window_pattern", fields.size("_sliding_window_pattern", known));
    if (!types.isEmpty() && types.size() != layers) {
      throw fields.malformed("layer_types", "has " + types.size() + " entries, not " + layers);
    }
    for (int i = 0; i < types.size(); i++) {
      String expected = (i + 1) % period == 0 ? FULL : SLIDING;
      if (!types.get(i).equals(expected)) {
        throw fields.malformed(
            "layer_types",
            "says "
                + JsonHeader.quote(types.get(i))
                + " of layer "
                + i
                + ", but Lungo lets every layer number "
                + period
                + " see everything, and no other");
      }
    }
    return period;
  }

  static void describe(GemmaConfig config, Map<String, Object> fields) {
    fields.put("architectures", List.of(config.generation().architecture()));
    fields.put("model_type", config.generation().modelType());
    fields.put("vocab_size", config.vocabulary());
    fields.put("hidden_size", config.width());
    fields.put("intermediate_size", config.feedForward());
    fields.put("num_hidden_layers", config.layers());
    fields.put("num_attention_heads", config.heads());
    fields.put("num_key_value_heads", config.kvHeads());
    fields.put("head_dim", config.headDim());
    fields.put("max_position_embeddings", config.context());
    fields.put("rms_norm_eps", config.normEpsilon());
    fields.put("rope_theta", config.ropeBase());
    Map<String, Object> scaling = RopeJson.describe(config.ropeScaling());
    fields.put("rope_scaling", scaling.isEmpty() ? null : scaling);
    if (config.generation() == GemmaGeneration.GEMMA3) {
      fields.put("rope_local_base_freq", config.windowRopeBase());
      fields.put("sliding_window_pattern", config.windowPeriod());
    }
    fields.put("query_pre_attn_scalar", whole(config.queryScalar()));
    fields.put("sliding_window", config.window());
    List<String> types = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      types.add(config.seesEverything(layer) ? FULL : SLIDING);
    }
    fields.put("layer_types", types);
    fields.put(SCORE_CAP, finite(config.scoreCap()));
    fields.put(LOGIT_CAP, finite(config.logitCap()));
    fields.put("hidden_activation", "gelu_pytorch_tanh");
    fields.put("attention_bias", false);
  }

  /// Readers of this field expect a whole number where it is one.
  private static Number whole(float value) {
    return value == Math.rint(value) ? (Number) (long) value : (Number) value;
  }

  private static @Nullable Float finite(float cap) {
    return cap < AttentionShape.UNCAPPED ? cap : null;
  }
}
