package dev.lungo.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;

/// What a `tokenizer_config.json` says about the beginning and end of texts.
///
/// @param begin the name of the token that begins a text
/// @param end the name of the token that ends a text
/// @param addsBegin whether `begin` is put before texts
/// @param addsEnd whether `end` is put after texts
record TokenizerConfigFile(
    Optional<String> begin,
    Optional<String> end,
    Optional<Boolean> addsBegin,
    Optional<Boolean> addsEnd) {
  private static final String NAME = "tokenizer_config.json";

  /// Reads the file that stands beside `tokenizer`; what it does not say is empty.
  ///
  /// @throws dev.lungo.file.MalformedFileException if it is there and no JSON object
  static TokenizerConfigFile beside(Path tokenizer) throws IOException {
    Path file = tokenizer.resolveSibling(NAME);
    if (!Files.isRegularFile(file)) {
      return new TokenizerConfigFile(
          Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }
    return StrictJson.read(file, TokenizerConfigFile::read);
  }

  private static TokenizerConfigFile read(StrictJson.JsonCursor json) throws IOException {
    Optional<String> begin = Optional.empty();
    Optional<String> end = Optional.empty();
    Optional<Boolean> addsBegin = Optional.empty();
    Optional<Boolean> addsEnd = Optional.empty();
    json.expect(JsonToken.START_OBJECT, "document");
    for (Optional<String> name = json.nextName("document");
        name.isPresent();
        name = json.nextName("document")) {
      switch (name.get()) {
        case "bos_token" -> begin = tokenName(json.nextTree());
        case "eos_token" -> end = tokenName(json.nextTree());
        case "add_bos_token" -> addsBegin = flag(json.nextTree());
        case "add_eos_token" -> addsEnd = flag(json.nextTree());
        default -> json.skipNext();
      }
    }
    json.end();
    return new TokenizerConfigFile(begin, end, addsBegin, addsEnd);
  }

  private static Optional<Boolean> flag(JsonNode node) {
    return node.isBoolean() ? Optional.of(node.booleanValue()) : Optional.empty();
  }

  /// Reads a name, which older files wrap in an object.
  private static Optional<String> tokenName(JsonNode node) {
    String name = node.isObject() ? node.path("content").asString("") : node.asString("");
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }
}
