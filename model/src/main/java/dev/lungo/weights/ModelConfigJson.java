package dev.lungo.weights;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.MalformedFileException;
import dev.lungo.kernel.AttentionPattern;
import dev.lungo.kernel.RecurrentKernels.Cell;
import dev.lungo.model.GemmaConfig;
import dev.lungo.model.GemmaGeneration;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.LlamaFamily;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RecurrentConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Reads and writes `config.json` and `generation_config.json`, in which Hugging Face describes a
/// model.
///
/// Reading refuses what would silently give another model than the one that was trained: other
/// activations, biases where Lungo has none, unknown ways to stretch positions.
public final class ModelConfigJson {
  private static final String FILE = "config.json";
  private static final String GENERATION_FILE = "generation_config.json";
  private static final String GPT2 = "gpt2";

  /// What precedes the `model_type` of models that only Lungo has.
  private static final String OURS = "lungo_";

  private static final String POSITIONS = "lungo_positions";
  private static final String ATTENTION = "lungo_attention";
  private static final String KNOWN =
      "llama, mistral, qwen2, qwen3, phi3, gemma2, gemma3_text, gpt2, opt, and its own lungo_rnn, lungo_rnn-relu, lungo_lstm and lungo_gru";

  private ModelConfigJson() {}

  /// Reads the sizes of a model.
  ///
  /// @param fileOrFolder a `config.json`, or the folder that holds it
  /// @throws MalformedFileException when it is no description of a model that Lungo has
  public static ModelConfig read(Path fileOrFolder) throws IOException {
    Path file = Files.isDirectory(fileOrFolder) ? fileOrFolder.resolve(FILE) : fileOrFolder;
    JsonFields fields = JsonFields.read(file);
    String type = modelType(fields);
    try {
      return switch (type) {
        case "llama" -> LlamaConfigJson.read(fields, LlamaFamily.LLAMA);
        case "mistral" -> LlamaConfigJson.read(fields, LlamaFamily.MISTRAL);
        case "qwen2" -> LlamaConfigJson.read(fields, LlamaFamily.QWEN2);
        case "qwen3" -> LlamaConfigJson.read(fields, LlamaFamily.QWEN3);
        case "phi3" -> LlamaConfigJson.read(fields, LlamaFamily.PHI3);
        case "gemma2" -> GemmaConfigJson.read(fields, GemmaGeneration.GEMMA2);
        case "gemma3_text" -> GemmaConfigJson.read(fields, GemmaGeneration.GEMMA3);
        case GPT2 -> gpt2(fields);
        case "opt" -> OptConfigJson.read(fields);
        case "rnn" -> RecurrentConfigJson.read(fields, Cell.RNN_TANH);
        case "rnn-relu" -> RecurrentConfigJson.read(fields, Cell.RNN_RELU);
        case "lstm" -> RecurrentConfigJson.read(fields, Cell.LSTM);
        case "gru" -> RecurrentConfigJson.read(fields, Cell.GRU);
        case EncoderDecoderFolder.TYPE ->
            throw fields.malformed("model_type", "is an encoder–decoder; use ./lungo translate");
        case "" -> throw fields.malformed("model_type", "is missing; Lungo reads " + KNOWN);
        default ->
            throw fields.malformed(
                "model_type", "is " + JsonHeader.quote(type) + ", but Lungo reads " + KNOWN);
      };
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(file.toString(), 0, "sizes", String.valueOf(e.getMessage()));
    }
  }

  /// Reads the type of model. [#OURS] before it marks one that other tools would take for another.
  private static String modelType(JsonFields fields) throws IOException {
    String type = fields.text("model_type", "");
    if (!type.startsWith(OURS)) {
      for (String field : List.of(POSITIONS, ATTENTION)) {
        if (fields.has(field)) {
          throw fields.malformed(field, "needs a model_type that begins with " + OURS);
        }
      }
      return type;
    }
    return type.substring(OURS.length());
  }

  /// Reads what kind of positions a model has.
  static PositionScheme positions(JsonFields fields, PositionScheme usual) throws IOException {
    try {
      return PositionScheme.of(fields.text(POSITIONS, usual.label()));
    } catch (IllegalArgumentException unknown) {
      throw fields.malformed(POSITIONS, String.valueOf(unknown.getMessage()));
    }
  }

  /// Reads which keys a query sees.
  static AttentionPattern attention(JsonFields fields) throws IOException {
    try {
      return AttentionPattern.parse(fields.text(ATTENTION, AttentionPattern.CAUSAL.text()));
    } catch (IllegalArgumentException unknown) {
      throw fields.malformed(ATTENTION, String.valueOf(unknown.getMessage()));
    }
  }

  /// Says that a model has positions or a pattern of attention that its type has nowhere else,
  /// under a type of our own: a tool that overlooked the field would silently compute another
  /// model.
  static void describeOurs(
      PositionScheme positions,
      PositionScheme usual,
      AttentionPattern attention,
      Map<String, Object> fields) {
    boolean sparse = !(attention instanceof AttentionPattern.Causal);
    if (positions == usual && !sparse) {
      return;
    }
    fields.put("architectures", List.of("Lungo"));
    fields.put("model_type", OURS + fields.get("model_type"));
    if (positions != usual) {
      fields.put(POSITIONS, positions.label());
    }
    if (sparse) {
      fields.put(ATTENTION, attention.text());
    }
  }

  private static Gpt2Config gpt2(JsonFields fields) throws IOException {
    require(fields, "activation_function", List.of("gelu_new", "gelu_pytorch_tanh"));
    refuse(fields, "scale_attn_by_inverse_layer_idx");
    if (!fields.truth("scale_attn_weights", true)) {
      throw fields.malformed("scale_attn_weights", "is false, but Lungo always scales attention");
    }
    int width = fields.size("n_embd");
    int heads = fields.size("n_head");
    if (width % heads != 0) {
      throw fields.malformed("n_head", "is " + heads + ", which does not divide n_embd " + width);
    }
    int inner = fields.size("n_inner", 4 * width);
    if (inner != 4 * width) {
      throw fields.malformed(
          "n_inner", "is " + inner + ", but Lungo's GPT-2 has 4 × n_embd = " + 4 * width);
    }
    return new Gpt2Config(
        fields.size("vocab_size"),
        width,
        fields.size("n_layer"),
        heads,
        fields.size("n_positions", fields.size("n_ctx", 1024)),
        (float) fields.number("layer_norm_epsilon", 1e-5),
        fields.truth("tie_word_embeddings", true),
        positions(fields, PositionScheme.LEARNED),
        attention(fields));
  }

  /// Refuses a text that is none of the known ones.
  static void require(JsonFields fields, String name, List<String> known) throws IOException {
    String value = fields.text(name, known.getFirst());
    if (!known.contains(value)) {
      throw fields.malformed(
          name, "is " + JsonHeader.quote(value) + ", but Lungo has only " + known);
    }
  }

  /// Refuses what is said to be so.
  static void refuse(JsonFields fields, String... names) throws IOException {
    for (String name : names) {
      if (fields.truth(name, false)) {
        throw fields.malformed(name, "is true, which Lungo's model of this type does not have");
      }
    }
  }

  /// Reads the special ids of a model's folder: `generation_config.json` where there is one, else
  /// `config.json`.
  public static SpecialTokenIds readSpecialTokens(Path folder) throws IOException {
    Path generation = folder.resolve(GENERATION_FILE);
    JsonFields fields =
        JsonFields.read(Files.exists(generation) ? generation : folder.resolve(FILE));
    return new SpecialTokenIds(
        fields.id("bos_token_id"), fields.ids("eos_token_id"), fields.id("pad_token_id"));
  }

  /// Writes `config.json` and `generation_config.json` into `folder`.
  public static void write(Path folder, ModelConfig config, SpecialTokenIds ids)
      throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    switch (config) {
      case LlamaConfig llama -> LlamaConfigJson.describe(llama, fields);
      case GemmaConfig gemma -> GemmaConfigJson.describe(gemma, fields);
      case Gpt2Config gpt2 -> describe(gpt2, fields);
      case OptConfig opt -> OptConfigJson.describe(opt, fields);
      case RecurrentConfig recurrent -> RecurrentConfigJson.describe(recurrent, fields);
    }
    fields.put("tie_word_embeddings", config.tiedEmbeddings());
    fields.put("torch_dtype", "float32");
    addIds(ids, fields);
    writeJson(folder.resolve(FILE), fields);
    Map<String, Object> generation = new LinkedHashMap<>();
    addIds(ids, generation);
    writeJson(folder.resolve(GENERATION_FILE), generation);
  }

  private static void describe(Gpt2Config config, Map<String, Object> fields) {
    fields.put("architectures", List.of("GPT2LMHeadModel"));
    fields.put("model_type", GPT2);
    describeOurs(config.positions(), PositionScheme.LEARNED, config.attention(), fields);
    fields.put("vocab_size", config.vocabulary());
    fields.put("n_embd", config.width());
    fields.put("n_layer", config.layers());
    fields.put("n_head", config.heads());
    fields.put("n_positions", config.context());
    fields.put("layer_norm_epsilon", config.normEpsilon());
    fields.put("activation_function", "gelu_new");
    fields.put("attn_pdrop", 0);
    fields.put("embd_pdrop", 0);
    fields.put("resid_pdrop", 0);
  }

  private static void addIds(SpecialTokenIds ids, Map<String, Object> fields) {
    ids.beginning().ifPresent(id -> fields.put("bos_token_id", id));
    switch (ids.ends().size()) {
      case 0 -> {}
      case 1 -> fields.put("eos_token_id", ids.ends().getFirst());
      default -> fields.put("eos_token_id", ids.ends());
    }
    ids.padding().ifPresent(id -> fields.put("pad_token_id", id));
  }

  private static void writeJson(Path file, Map<String, Object> fields) throws IOException {
    AtomicFiles.writeString(
        file, new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n");
  }
}
