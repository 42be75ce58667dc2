package dev.lungo.export;

import dev.lungo.file.AtomicFiles;
import dev.lungo.file.GgufHeader;
import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.weights.ModelConfigJson;
import dev.lungo.weights.SpecialTokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What lies beside a model's weights and goes along with them: chat template, sampling, special
/// tokens.
final class Companions {
  private static final String GENERATION = "generation_config.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String TEMPLATE = "chat_template.jinja";
  private static final String TEMPLATE_IN_GGUF = "tokenizer.chat_template";

  /// Files of a folder that are taken over as they are.
  private static final List<String> COPIED =
      List.of(GENERATION, TOKENIZER_CONFIG, TEMPLATE, "special_tokens_map.json");

  /// No file of this kind is as large as this.
  private static final long LARGEST = 64L << 20;

  /// Hugging Face's names of settings, and llama.cpp's.
  private static final String[][] SAMPLING = {
    {"temperature", "general.sampling.temp"},
    {"top_p", "general.sampling.top_p"},
    {"min_p", "general.sampling.min_p"},
    {"repetition_penalty", "general.sampling.penalty_repeat"},
    {"top_k", "general.sampling.top_k"},
  };

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Path model;
  private final Map<String, Object> metadata;

  private Companions(Path model, Map<String, Object> metadata) {
    this.model = model;
    this.metadata = metadata;
  }

  /// Reads what belongs to a model.
  static Companions of(Path model) throws IOException {
    Map<String, Object> metadata = new LinkedHashMap<>();
    if (Files.isDirectory(model)) {
      readFolder(model, metadata);
    } else if (model.toString().endsWith(".gguf")) {
      GgufHeader header =
          GgufHeader.read(
              model, name -> name.equals(TEMPLATE_IN_GGUF) || name.startsWith("general.sampling."));
      header.metadata().forEach((name, value) -> keep(metadata, name, value));
    }
    return new Companions(model, metadata);
  }

  private static void keep(Map<String, Object> metadata, String name, Object value) {
    switch (value) {
      case String text -> metadata.put(name, text);
      case Float number -> metadata.put(name, number);
      case Long number when number >= 0 && number <= Integer.MAX_VALUE ->
          metadata.put(name, number.intValue());
      default -> {}
    }
  }

  private static void readFolder(Path folder, Map<String, Object> metadata) throws IOException {
    Optional<String> template = template(folder);
    template.ifPresent(text -> metadata.put(TEMPLATE_IN_GGUF, text));
    Optional<ObjectNode> generation = read(folder.resolve(GENERATION));
    if (generation.isEmpty()) {
      return;
    }
    for (String[] names : SAMPLING) {
      JsonNode value = generation.get().get(names[0]);
      if (value != null && value.isNumber()) {
        boolean whole = names[0].equals("top_k");
        metadata.put(
            names[1], whole ? (Object) Math.max(0, value.asInt()) : (Object) value.floatValue());
      }
    }
  }

  private static Optional<String> template(Path folder) throws IOException {
    Path file = folder.resolve(TEMPLATE);
    if (Files.exists(file)) {
      return Optional.of(Files.readString(bounded(file)));
    }
    return read(folder.resolve(TOKENIZER_CONFIG))
        .map(config -> config.get("chat_template"))
        .filter(JsonNode::isString)
        .map(JsonNode::asString);
  }

  private static Path bounded(Path file) throws IOException {
    if (Files.size(file) > LARGEST) {
      throw new MalformedFileException(
          file.toString(),
          0,
          "size",
          Files.size(file) + " bytes; at most " + LARGEST + " are read");
    }
    return file;
  }

  private static Optional<ObjectNode> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonNode tree = JSON.readTree(Files.readAllBytes(bounded(file)));
      if (tree instanceof ObjectNode object) {
        return Optional.of(object);
      }
      throw new MalformedFileException(file.toString(), 0, "JSON", "is no object {…}");
    } catch (JacksonException wrong) {
      throw new MalformedFileException(
          file.toString(), 0, "JSON", String.valueOf(wrong.getOriginalMessage()));
    }
  }

  /// Returns the entries of GGUF metadata.
  Map<String, Object> metadata() {
    return metadata;
  }

  /// Writes the files of a folder.
  void copyTo(Path out) throws IOException {
    if (Files.isDirectory(model)) {
      for (String name : COPIED) {
        Path file = model.resolve(name);
        if (Files.exists(file)) {
          byte[] bytes = Files.readAllBytes(bounded(file));
          AtomicFiles.write(out.resolve(name), stream -> stream.write(bytes));
        }
      }
      return;
    }
    if (metadata.get(TEMPLATE_IN_GGUF) instanceof String template) {
      AtomicFiles.writeString(out.resolve(TEMPLATE), template);
    }
  }

  /// Returns the special ids for the configuration.
  SpecialTokenIds specialTokens(Tokenizer tokenizer) throws IOException {
    if (Files.isDirectory(model)) {
      return ModelConfigJson.readSpecialTokens(model);
    }
    OptionalInt end = tokenizer.endOfText();
    return new SpecialTokenIds(
        tokenizer.beginOfText(),
        end.isPresent() ? List.of(end.getAsInt()) : List.of(),
        OptionalInt.empty());
  }
}
