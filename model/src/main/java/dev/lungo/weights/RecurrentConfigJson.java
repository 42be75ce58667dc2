package dev.lungo.weights;

import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.model.RecurrentConfig;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/// The fields of `config.json` that describe recurrent models. Hugging Face has none, so that their
/// type is marked as ours.
final class RecurrentConfigJson {
  static final String OURS = "lungo_";

  private static final String TRUNCATION = "truncated_steps";

  private RecurrentConfigJson() {}

  static RecurrentConfig read(JsonFields fields, Cell cell) throws IOException {
    return new RecurrentConfig(
        cell,
        fields.size("vocab_size"),
        fields.size("hidden_size"),
        fields.size("num_hidden_layers"),
        fields.size("max_position_embeddings"),
        (float) fields.number("dropout", 0),
        fields.has(TRUNCATION) ? fields.size(TRUNCATION) : 0,
        fields.truth("tie_word_embeddings", false));
  }

  static void describe(RecurrentConfig config, Map<String, Object> fields) {
    fields.put("architectures", List.of("Lungo"));
    fields.put("model_type", OURS + RecurrentConfig.name(config.cell()));
    fields.put("vocab_size", config.vocabulary());
    fields.put("hidden_size", config.width());
    fields.put("num_hidden_layers", config.layers());
    fields.put("max_position_embeddings", config.context());
    fields.put("dropout", config.dropout());
    if (config.truncation() > 0) {
      fields.put(TRUNCATION, config.truncation());
    }
  }
}
