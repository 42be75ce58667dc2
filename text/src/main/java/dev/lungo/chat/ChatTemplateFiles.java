package dev.lungo.chat;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// Finds the chat template of a model.
///
/// - a folder: `chat_template.jinja`, or `chat_template` in `tokenizer_config.json`, a string or a
///   list of named ones; special tokens from `tokenizer_config.json` and `special_tokens_map.json`;
/// - `*.gguf`: `tokenizer.chat_template` in its metadata, named ones as
///   `tokenizer.chat_template.NAME`;
/// - any other file: its folder.
public final class ChatTemplateFiles {
  /// The name of the template that is meant where none is named.
  public static final String DEFAULT = "default";

  private static final String TEMPLATE = "chat_template";
  private static final String GGUF_TEMPLATE = "tokenizer.chat_template";
  private static final long LARGEST_TEMPLATE = 1L << 22;
  private static final long LARGEST_CONFIG = 1L << 26;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxDocumentLength(LARGEST_CONFIG)
                  .maxNestingDepth(64)
                  .maxStringLength((int) LARGEST_TEMPLATE)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private ChatTemplateFiles() {}

  /// What the files of a folder say.
  private record Found(Map<String, String> templates, Map<String, String> specialTokens) {}

  /// Finds the template of the model in `path`.
  ///
  /// @throws MalformedFileException if a file is not what its name says, or the template is wrong
  public static Optional<ChatTemplate> find(Path path) throws IOException {
    return find(path, DEFAULT);
  }

  /// Finds the template of this name, such as `tool_use`.
  ///
  /// @throws MalformedFileException if a file is not what its name says, or the template is wrong
  public static Optional<ChatTemplate> find(Path path, String name) throws IOException {
    if (!Files.isDirectory(path)) {
      if (nameOf(path).endsWith(".gguf")) {
        return ofGguf(path, name);
      }
      Path folder = path.toAbsolutePath().getParent();
      return folder == null ? Optional.empty() : find(folder, name);
    }
    Found found = readFolder(path);
    Path own = path.resolve("chat_template.jinja");
    if (name.equals(DEFAULT) && Files.isRegularFile(own)) {
      return Optional.of(read(own, found.specialTokens));
    }
    String source = found.templates.get(name);
    return source == null
        ? Optional.empty()
        : Optional.of(parse(path.resolve("tokenizer_config.json"), source, found.specialTokens));
  }

  /// Returns the special tokens that a template of the model in `path` may name by their roles.
  public static Map<String, String> specialTokens(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return readFolder(path).specialTokens;
    }
    if (nameOf(path).endsWith(".gguf")) {
      return specialTokens(GgufHeader.read(path, name -> name.startsWith("tokenizer.ggml.")));
    }
    Path folder = path.toAbsolutePath().getParent();
    return folder == null ? Map.of() : readFolder(folder).specialTokens;
  }

  /// Reads a file that holds nothing but a template.
  ///
  /// @throws MalformedFileException if the template is wrong
  public static ChatTemplate read(Path file, Map<String, String> specialTokens) throws IOException {
    if (Files.size(file) > LARGEST_TEMPLATE) {
      throw new MalformedFileException(
          file.toString(), 0, TEMPLATE, "has more than " + LARGEST_TEMPLATE + " bytes");
    }
    return parse(file, new String(Files.readAllBytes(file), StandardCharsets.UTF_8), specialTokens);
  }

  private static ChatTemplate parse(Path file, String source, Map<String, String> specialTokens)
      throws IOException {
    try {
      return ChatTemplate.parse(source, specialTokens);
    } catch (ChatTemplateException e) {
      throw new MalformedFileException(
          file.toString(), 0, TEMPLATE, String.valueOf(e.getMessage()));
    }
  }

  private static String nameOf(Path path) {
    return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
  }

  private static Found readFolder(Path folder) throws IOException {
    Found found = new Found(new HashMap<>(), new LinkedHashMap<>());
    Path config = folder.resolve("tokenizer_config.json");
    if (Files.isRegularFile(config)) {
      readJson(config, found);
    }
    Path map = folder.resolve("special_tokens_map.json");
    if (Files.isRegularFile(map)) {
      Found more = new Found(new HashMap<>(), new LinkedHashMap<>());
      readJson(map, more);
      more.specialTokens.forEach(found.specialTokens::putIfAbsent);
    }
    return found;
  }

  private static void readJson(Path file, Found found) throws IOException {
    if (Files.size(file) > LARGEST_CONFIG) {
      throw new MalformedFileException(
          file.toString(), 0, "length", "is more than " + LARGEST_CONFIG + " bytes");
    }
    byte[] bytes = Files.readAllBytes(file);
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), bytes)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedFileException(file.toString(), 0, "JSON", "expected an object");
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals(TEMPLATE)) {
          readTemplates(file, json, found.templates);
        } else if (name.endsWith("_token")) {
          readText(json, "content").ifPresent(token -> found.specialTokens.put(name, token));
        } else {
          json.skipChildren();
        }
      }
    } catch (JacksonException e) {
      long offset = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
      throw new MalformedFileException(file.toString(), offset, "JSON", e.getOriginalMessage());
    }
  }

  private static void readTemplates(Path file, JsonParser json, Map<String, String> templates)
      throws IOException {
    switch (json.currentToken()) {
      case VALUE_STRING -> templates.put(DEFAULT, json.getString());
      case VALUE_NULL -> {}
      case START_ARRAY -> {
        while (json.nextToken() != JsonToken.END_ARRAY) {
          Map<String, String> fields = readTexts(json);
          String name = fields.get("name");
          String template = fields.get("template");
          if (name == null || template == null) {
            throw new MalformedFileException(
                file.toString(),
                Math.max(0, json.currentLocation().getByteOffset()),
                TEMPLATE,
                "each element of the list needs a name and a template");
          }
          templates.put(name, template);
        }
      }
      default ->
          throw new MalformedFileException(
              file.toString(),
              Math.max(0, json.currentLocation().getByteOffset()),
              TEMPLATE,
              "must be a string or a list of templates with names");
    }
  }

  /// Reads a string, or the string `field` of an object.
  private static Optional<String> readText(JsonParser json, String field) {
    return json.currentToken() == JsonToken.VALUE_STRING
        ? Optional.of(json.getString())
        : Optional.ofNullable(readTexts(json).get(field));
  }

  /// Reads the strings in an object; of anything else, none.
  private static Map<String, String> readTexts(JsonParser json) {
    Map<String, String> texts = new HashMap<>();
    if (json.currentToken() != JsonToken.START_OBJECT) {
      json.skipChildren();
      return texts;
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      if (json.nextToken() == JsonToken.VALUE_STRING) {
        texts.put(name, json.getString());
      } else {
        json.skipChildren();
      }
    }
    return texts;
  }

  private static Optional<ChatTemplate> ofGguf(Path file, String name) throws IOException {
    GgufHeader header =
        GgufHeader.read(
            file, entry -> entry.startsWith(GGUF_TEMPLATE) || entry.startsWith("tokenizer.ggml."));
    String entry = name.equals(DEFAULT) ? GGUF_TEMPLATE : GGUF_TEMPLATE + "." + name;
    Object source = header.metadata().get(entry);
    if (source == null) {
      return Optional.empty();
    }
    if (!(source instanceof String text)) {
      throw header.malformed(entry, "must be a string");
    }
    try {
      return Optional.of(ChatTemplate.parse(text, specialTokens(header)));
    } catch (ChatTemplateException e) {
      throw header.malformed(entry, String.valueOf(e.getMessage()));
    }
  }

  private static Map<String, String> specialTokens(GgufHeader header) {
    Map<String, String> tokens = new LinkedHashMap<>();
    if (!(header.metadata().get("tokenizer.ggml.tokens") instanceof List<?> names)) {
      return tokens;
    }
    Map<String, String> roles =
        Map.of("bos", "bos", "eos", "eos", "unknown", "unk", "padding", "pad");
    roles.forEach((role, key) -> {
      Object id = header.metadata().get("tokenizer.ggml." + role + "_token_id");
      if (id instanceof Number number
          && number.longValue() >= 0
          && number.longValue() < names.size()) {
        tokens.put(key + "_token", String.valueOf(names.get(number.intValue())));
      }
    });
    return tokens;
  }
}
