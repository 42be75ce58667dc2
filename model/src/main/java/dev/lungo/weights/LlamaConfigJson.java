package dev.lungo.weights;

import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.AttentionShape;
import dev.lungo.kernel.PositionKernels.RotaryLayout;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RopeScaling;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// The fields of `config.json` that describe Llamas and their family.
final class LlamaConfigJson {
  /// What Hugging Face assumes for a Mistral that does not mention its window.
  private static final int MISTRAL_WINDOW = 4096;

  private static final int QWEN3_HEAD_DIM = 128;

  private LlamaConfigJson() {}

  static LlamaConfig read(JsonFields fields, LlamaFamily family) throws IOException {
    ModelConfigJson.require(fields, "hidden_act", List.of("silu", "swish"));
    ModelConfigJson.refuse(fields, "attention_bias", "mlp_bias");
    int width = fields.size("hidden_size");
    int layers = fields.size("num_hidden_layers");
    int heads = fields.size("num_attention_heads");
    if (!fields.has("head_dim") && width % heads != 0) {
      throw fields.malformed(
          "num_attention_heads", "is " + heads + ", which does not divide hidden_size " + width);
    }
    int headDim =
        fields.size("head_dim", family == LlamaFamily.QWEN3 ? QWEN3_HEAD_DIM : width / heads);
    int stated = fields.size("max_position_embeddings");
    RopeScaling scaling = RopeJson.read(fields, stated);
    return new LlamaConfig(
        fields.size("vocab_size"),
        width,
        layers,
        heads,
        kvHeads(fields, family, heads),
        headDim,
        fields.size("intermediate_size"),
        scaling.reach(stated),
        (float) fields.number("rms_norm_eps", family == LlamaFamily.PHI3 ? 1e-5 : 1e-6),
        (float) RopeJson.base(fields),
        fields.truth("tie_word_embeddings", false),
        RotaryLayout.HALVES,
        family,
        RopeJson.turned(fields, headDim),
        scaling,
        window(fields, family, layers),
        ModelConfigJson.positions(fields, PositionScheme.ROPE),
        ModelConfigJson.attention(fields));
  }

  /// Only Llama and Phi mean the number of heads by a missing number of key/value heads.
  private static int kvHeads(JsonFields fields, LlamaFamily family, int heads)
      throws MalformedFileException {
    return switch (family) {
      case LLAMA, PHI3 -> fields.size("num_key_value_heads", heads);
      case MISTRAL, QWEN2, QWEN3 -> fields.size("num_key_value_heads");
    };
  }

  private static int window(JsonFields fields, LlamaFamily family, int layers)
      throws MalformedFileException {
    String field = "sliding_window";
    int window =
        switch (family) {
          case LLAMA -> AttentionShape.UNLIMITED;
          case MISTRAL ->
              fields.size(
                  field, fields.mentions(field) ? AttentionShape.UNLIMITED : MISTRAL_WINDOW);
          case PHI3 -> fields.size(field, AttentionShape.UNLIMITED);
          case QWEN2, QWEN3 -> qwenWindow(fields, layers);
        };
    checkLayers(fields, window);
    return window;
  }

  private static int qwenWindow(JsonFields fields, int layers) throws MalformedFileException {
    if (!fields.truth("use_sliding_window", false)) {
      return AttentionShape.UNLIMITED;
    }
    // Layers before this one see everything. Zero cannot be read as a size.
    int firstWithWindow = (int) Math.clamp(fields.number("max_window_layers", 28), 0, layers);
    if (firstWithWindow == layers) {
      return AttentionShape.UNLIMITED;
    }
    if (firstWithWindow > 0) {
      throw fields.malformed(
          "max_window_layers",
          "gives a window to some layers only, but Lungo gives this family's layers all the same");
    }
    return fields.size("sliding_window");
  }

  /// Newer files say of each layer whether it has the window.
  private static void checkLayers(JsonFields fields, int window) throws MalformedFileException {
    String all = window == AttentionShape.UNLIMITED ? "full_attention" : "sliding_attention";
    for (String type : fields.texts("layer_types")) {
      if (!type.equals(all)) {
        throw fields.malformed(
            "layer_types",
            "holds " + JsonHeader.quote(type) + ", but the other fields make every layer " + all);
      }
    }
  }

  static void describe(LlamaConfig config, Map<String, Object> fields) {
    if (config.rotaryLayout() != RotaryLayout.HALVES) {
      throw new IllegalArgumentException(
          "config.json cannot say that rotary pairs lie side by side; permute the query and key weights");
    }
    fields.put("architectures", List.of(config.family().architecture()));
    fields.put("model_type", config.family().modelType());
    ModelConfigJson.describeOurs(
        config.positions(), PositionScheme.ROPE, config.sparsity(), fields);
    fields.put("vocab_size", config.vocabulary());
    fields.put("hidden_size", config.width());
    fields.put("intermediate_size", config.feedForward());
    fields.put("num_hidden_layers", config.layers());
    fields.put("num_attention_heads", config.heads());
    fields.put("num_key_value_heads", config.kvHeads());
    fields.put("head_dim", config.headDim());
    fields.put("max_position_embeddings", config.context());
    fields.put("rms_norm_eps", config.normEpsilon());
    if (config.positions() == PositionScheme.ROPE) {
      RopeJson.describe(config, fields);
    }
    fields.put("hidden_act", "silu");
    fields.put("attention_bias", false);
    fields.put("mlp_bias", false);
    describeWindow(config, fields);
  }

  private static void describeWindow(LlamaConfig config, Map<String, Object> fields) {
    boolean limited = config.window() != AttentionShape.UNLIMITED;
    switch (config.family()) {
      case LLAMA -> {
        if (limited) {
          throw new IllegalArgumentException(
              "config.json cannot give a plain Llama a sliding window; make it a Mistral");
        }
      }
      case MISTRAL, PHI3 -> fields.put("sliding_window", limited ? config.window() : null);
      case QWEN2, QWEN3 -> {
        fields.put("use_sliding_window", limited);
        if (limited) {
          fields.put("sliding_window", config.window());
          fields.put("max_window_layers", 0);
        }
      }
    }
  }
}
