package dev.lungo.weights;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.MalformedFileException;
import dev.lungo.model.EncoderDecoder;
import dev.lungo.model.EncoderDecoderConfig;
import dev.lungo.model.EncoderDecoderConfig.Activation;
import dev.lungo.model.EncoderDecoderConfig.NormPlacement;
import dev.lungo.model.EncoderDecoderConfig.SharedTables;
import dev.lungo.model.ParameterCount;
import dev.lungo.model.SinusoidalPositions;
import dev.lungo.nn.Parameter;
import dev.lungo.weights.SafetensorsWriter.Outgoing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/// An encoder–decoder as a folder with `config.json` and `model.safetensors`, whose tensors have
/// the names of Hugging Face's encoder–decoders.
///
/// @param sourceSymbols the text of each id of the source, where `config.json` lists them; empty
///   where a `tokenizer.json` tells
/// @param targetSymbols likewise of the target
public record EncoderDecoderFolder(
    EncoderDecoder model, List<String> sourceSymbols, List<String> targetSymbols) {
  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";
  static final String TYPE = "encoder-decoder";
  private static final int DEFAULT_CONTEXT = 1024;
  private static final long MOST_SYMBOLS = 1 << 24;

  /// Tells whether `folder` describes an encoder–decoder, so that it is not opened as a language
  /// model.
  public static boolean isOne(Path folder) throws IOException {
    Path config = folder.resolve(CONFIG);
    return Files.exists(config) && JsonFields.read(config).text("model_type", "").equals(TYPE);
  }

  /// Opens a model.
  ///
  /// @param trainable whether parameters get memory for gradients
  /// @throws MalformedFileException if the weights are not those that the configuration asks for
  public static EncoderDecoderFolder load(Path folder, boolean trainable) throws IOException {
    JsonFields fields = JsonFields.read(folder.resolve(CONFIG));
    String type = fields.text("model_type", "");
    if (!type.equals(TYPE)) {
      throw fields.malformed(
          "model_type",
          "is "
              + JsonHeader.quote(type)
              + ", but a model that translates is an "
              + TYPE
              + "; ./lungo train --task translation makes one");
    }
    try (Safetensors saved = Safetensors.open(folder)) {
      EncoderDecoderConfig config = config(folder, fields, saved);
      checkSize(folder, config, saved);
      EncoderDecoder model = new EncoderDecoder(config, trainable);
      try {
        Set<String> used = new HashSet<>();
        for (Parameter parameter : model.parameters().all()) {
          ModelFolder.read(folder, saved, parameter).ifPresent(used::add);
        }
        checkAllUsed(saved, used);
      } catch (IOException | RuntimeException failed) {
        model.close();
        throw failed;
      }
      return new EncoderDecoderFolder(
          model, fields.texts("source_vocab"), fields.texts("target_vocab"));
    }
  }

  private static void checkSize(Path folder, EncoderDecoderConfig config, Safetensors saved)
      throws MalformedFileException {
    long stored = 0;
    for (StoredTensor tensor : saved.tensors()) {
      stored += tensor.elements();
    }
    long expected = ParameterCount.of(config).total();
    if (stored < expected) {
      throw new MalformedFileException(
          folder.resolve(WEIGHTS).toString(),
          0,
          "tensors",
          "hold " + stored + " numbers, but config.json asks for " + expected);
    }
  }

  private static void checkAllUsed(Safetensors saved, Set<String> used)
      throws MalformedFileException {
    for (StoredTensor tensor : saved.tensors()) {
      if (!used.contains(tensor.name())) {
        throw new MalformedFileException(
            tensor.file().toString(),
            tensor.offset(),
            tensor.name(),
            "is not part of the model that config.json describes");
      }
    }
  }

  private static EncoderDecoderConfig config(Path folder, JsonFields fields, Safetensors saved)
      throws IOException {
    List<String> sources = fields.texts("source_vocab");
    List<String> targets = fields.texts("target_vocab");
    SharedTables shared = shared(fields);
    try {
      return new EncoderDecoderConfig(
          entries(fields, saved, "source_vocab_size", "encoder.embed_tokens.weight"),
          entries(fields, saved, "target_vocab_size", "decoder.embed_tokens.weight"),
          fields.size("d_model"),
          fields.size("encoder_layers"),
          fields.size("decoder_layers"),
          fields.size("num_heads"),
          fields.size("ffn_dim"),
          fields.size("max_position_embeddings", DEFAULT_CONTEXT),
          norm(fields),
          activation(fields),
          positions(fields),
          shared,
          (float) fields.number("layer_norm_eps", 1e-5),
          fields.truth("scale_embedding", false),
          fields.truth("attention_bias", true),
          saved.find("lm_head.bias").isPresent(),
          special(fields, "decoder_start_token", targets),
          end(fields, targets),
          fields.has("source_end_token")
              || (sources.isEmpty() && fields.truth("source_ends", true)));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          folder.resolve(CONFIG).toString(), 0, "sizes", String.valueOf(e.getMessage()));
    }
  }

  private static int entries(JsonFields fields, Safetensors saved, String field, String table)
      throws MalformedFileException {
    if (fields.has(field)) {
      return fields.size(field);
    }
    // A table may have a row more than there are symbols: that of unknown ones.
    StoredTensor stored =
        saved.find(table).orElseThrow(() -> fields.malformed(field, "is missing"));
    long[] shape = stored.shape();
    if (shape.length != 2 || shape[0] < 1 || shape[0] > MOST_SYMBOLS) {
      throw fields.malformed(
          field, "is missing, and " + table + " has the shape " + Arrays.toString(shape));
    }
    return (int) shape[0];
  }

  private static int special(JsonFields fields, String name, List<String> symbols)
      throws MalformedFileException {
    OptionalInt known = fields.id(name + "_id");
    return known.isPresent()
        ? known.getAsInt()
        : symbol(fields, name, fields.text(name, ""), symbols);
  }

  private static int end(JsonFields fields, List<String> symbols) throws MalformedFileException {
    OptionalInt known = fields.id("eos_token_id");
    return known.isPresent() ? known.getAsInt() : symbol(fields, "eos_token_id", "</s>", symbols);
  }

  private static int symbol(JsonFields fields, String name, String symbol, List<String> symbols)
      throws MalformedFileException {
    int id = symbols.indexOf(symbol);
    if (id < 0) {
      throw fields.malformed(
          name,
          "is not given as an id, and "
              + JsonHeader.quote(symbol)
              + " is no symbol of the target's vocabulary");
    }
    return id;
  }

  private static NormPlacement norm(JsonFields fields) throws MalformedFileException {
    return switch (fields.text("norm", "post")) {
      case "pre" -> NormPlacement.PRE;
      case "post" -> NormPlacement.POST;
      default -> throw fields.malformed("norm", "is neither pre nor post");
    };
  }

  private static Activation activation(JsonFields fields) throws MalformedFileException {
    return switch (fields.text("activation", "relu")) {
      case "relu" -> Activation.RELU;
      case "gelu_new" -> Activation.GELU;
      case "swiglu" -> Activation.SWIGLU;
      default -> throw fields.malformed("activation", "is none of relu, gelu_new and swiglu");
    };
  }

  private static SinusoidalPositions positions(JsonFields fields) throws MalformedFileException {
    String text = fields.text("position", "sinusoidal");
    if (text.equals("sinusoidal")) {
      return SinusoidalPositions.INTERLEAVED;
    }
    if (text.startsWith("sinusoidal, [sin | cos] concatenated, first position is 1")) {
      return SinusoidalPositions.HALVES_FROM_ONE;
    }
    throw fields.malformed("position", "is " + JsonHeader.quote(text) + ", which Lungo has not");
  }

  private static String text(SinusoidalPositions positions) {
    return switch (positions) {
      case INTERLEAVED -> "sinusoidal";
      case HALVES_FROM_ONE -> "sinusoidal, [sin | cos] concatenated, first position is 1";
    };
  }

  private static SharedTables shared(JsonFields fields) throws MalformedFileException {
    return switch (fields.text("shared_embeddings", "none")) {
      case "all" -> SharedTables.ALL;
      case "target" -> SharedTables.TARGET;
      case "none" -> SharedTables.NONE;
      default -> throw fields.malformed("shared_embeddings", "is none of all, target and none");
    };
  }

  /// Writes a model whose text a `tokenizer.json` beside it explains. Each file is replaced as a
  /// whole, the weights last.
  public static void save(Path folder, EncoderDecoder model) throws IOException {
    Files.createDirectories(folder);
    AtomicFiles.writeString(
        folder.resolve(CONFIG),
        new JsonMapper()
                .writerWithDefaultPrettyPrinter()
                .writeValueAsString(describe(model.config()))
            + "\n");
    List<Outgoing> tensors = new ArrayList<>();
    for (Parameter parameter : model.parameters().all()) {
      tensors.add(ModelFolder.outgoing(parameter));
    }
    SafetensorsWriter.write(folder.resolve(WEIGHTS), Map.of("format", "pt"), tensors);
  }

  private static Map<String, Object> describe(EncoderDecoderConfig config) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("model_type", TYPE);
    fields.put("norm", config.norm().name().toLowerCase(Locale.ROOT));
    fields.put("d_model", config.width());
    fields.put("encoder_layers", config.encoderLayers());
    fields.put("decoder_layers", config.decoderLayers());
    fields.put("num_heads", config.heads());
    fields.put("ffn_dim", config.feedForward());
    fields.put(
        "activation",
        switch (config.activation()) {
          case RELU -> "relu";
          case GELU -> "gelu_new";
          case SWIGLU -> "swiglu";
        });
    fields.put("layer_norm_eps", config.normEpsilon());
    fields.put("scale_embedding", config.scaledEmbedding());
    fields.put("position", text(config.positions()));
    fields.put("max_position_embeddings", config.context());
    fields.put("attention_bias", config.attentionBiases());
    fields.put("shared_embeddings", config.shared().name().toLowerCase(Locale.ROOT));
    fields.put("source_vocab_size", config.sourceVocabulary());
    fields.put("target_vocab_size", config.targetVocabulary());
    fields.put("decoder_start_token_id", config.start());
    fields.put("eos_token_id", config.end());
    fields.put("source_ends", config.sourceEnds());
    fields.put("torch_dtype", "float32");
    return fields;
  }
}
