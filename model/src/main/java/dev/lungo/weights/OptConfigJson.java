package dev.lungo.weights;

import dev.lungo.model.OptConfig;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// The fields of `config.json` that describe OPT models.
final class OptConfigJson {
  private OptConfigJson() {}

  static OptConfig read(JsonFields fields) throws IOException {
    ModelConfigJson.require(fields, "activation_function", List.of("relu"));
    ModelConfigJson.refuse(fields, "_remove_final_layer_norm");
    for (String name :
        List.of("do_layer_norm_before", "enable_bias", "layer_norm_elementwise_affine")) {
      if (!fields.truth(name, true)) {
        throw fields.malformed(name, "is false, which Lungo's OPT does not have");
      }
    }
    int width = fields.size("hidden_size");
    int heads = fields.size("num_attention_heads");
    if (width % heads != 0) {
      throw fields.malformed(
          "num_attention_heads", "is " + heads + ", which does not divide hidden_size " + width);
    }
    int embedding = fields.size("word_embed_proj_dim", width);
    if (embedding != width) {
      throw fields.malformed(
          "word_embed_proj_dim",
          "is "
              + embedding
              + ", but Lungo's OPT has no projections between embeddings and a width of "
              + width);
    }
    return new OptConfig(
        fields.size("vocab_size"),
        width,
        fields.size("num_hidden_layers"),
        heads,
        fields.size("ffn_dim"),
        fields.size("max_position_embeddings"),
        fields.truth("tie_word_embeddings", true));
  }

  static void describe(OptConfig config, Map<String, Object> fields) {
    fields.put("architectures", List.of("OPTForCausalLM"));
    fields.put("model_type", "opt");
    fields.put("vocab_size", config.vocabulary());
    fields.put("hidden_size", config.width());
    fields.put("word_embed_proj_dim", config.width());
    fields.put("ffn_dim", config.feedForward());
    fields.put("num_hidden_layers", config.layers());
    fields.put("num_attention_heads", config.heads());
    fields.put("max_position_embeddings", config.context());
    fields.put("activation_function", "relu");
    fields.put("do_layer_norm_before", true);
    fields.put("dropout", 0);
  }
}
