package dev.lungo.tokenizer;

import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.StrictJson.JsonCursor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NullNode;

/// Reads Hugging Face `tokenizer.json`: byte-pair encoding of bytes and of characters, unigram
/// models, and single characters.
final class TokenizerJsonReader {
  private final JsonCursor json;
  private final Map<String, JsonNode> parts = new HashMap<>();
  private final Map<String, JsonNode> model = new HashMap<>();
  private final Map<String, Integer> vocabulary = new HashMap<>();
  private final List<AddedToken> added = new ArrayList<>();
  private final List<String> mergeParts = new ArrayList<>();
  private final TokenizerConfigFile config;

  /// The tokens of a unigram model, in the order of their ids, and their scores.
  private final List<String> pieces = new ArrayList<>();

  private final List<Double> scores = new ArrayList<>();
  private boolean hasModel;

  private TokenizerJsonReader(JsonCursor json, TokenizerConfigFile config) {
    this.json = json;
    this.config = config;
  }

  /// @throws MalformedFileException if the file is no such document, or of a kind that Lungo does
  ///   not read
  static Tokenizer read(Path file) throws IOException {
    TokenizerConfigFile config = TokenizerConfigFile.beside(file);
    return StrictJson.read(
        file,
        json -> {
          TokenizerJsonReader reader = new TokenizerJsonReader(json, config);
          reader.readDocument();
          try {
            return reader.build();
          } catch (IllegalArgumentException e) {
            throw json.malformed("tokenizer", String.valueOf(e.getMessage()));
          }
        });
  }

  private void readDocument() throws IOException {
    json.expect(JsonToken.START_OBJECT, "document");
    for (Optional<String> name = json.nextName("document");
        name.isPresent();
        name = json.nextName("document")) {
      switch (name.get()) {
        case "model" -> readModel();
        case "added_tokens" -> readAdded(json.nextTree());
        case "normalizer", "pre_tokenizer", "post_processor", "decoder" ->
            parts.put(name.get(), json.nextTree());
        default -> json.skipNext();
      }
    }
    json.end();
    if (!hasModel) {
      throw json.malformed("model", "is missing; a tokenizer.json has one");
    }
  }

  private void readAdded(JsonNode tokens) throws IOException {
    for (JsonNode token : tokens) {
      JsonNode id = token.path("id");
      JsonNode content = token.path("content");
      if (!id.isIntegralNumber() || !id.canConvertToInt() || !content.isString()) {
        throw json.malformed("added_tokens", "a token needs a whole id and a content: " + token);
      }
      checkId(id.intValue(), "added_tokens.id");
      if (content.stringValue().isEmpty()) {
        throw json.malformed("added_tokens.content", "is empty for id " + id.intValue());
      }
      added.add(
          new AddedToken(
              id.intValue(),
              content.stringValue(),
              token.path("special").asBoolean(false),
              token.path("single_word").asBoolean(false),
              token.path("lstrip").asBoolean(false),
              token.path("rstrip").asBoolean(false),
              token.path("normalized").asBoolean(false)));
    }
  }

  /// Ids may have gaps, but not so many that a small file makes a large table.
  private void checkId(int id, String field) throws IOException {
    long limit = Math.max(1 << 16, json.length());
    if (id < 0 || id > limit) {
      throw json.malformed(field, id + " is outside 0 to " + limit);
    }
  }

  private void readModel() throws IOException {
    hasModel = true;
    json.expect(JsonToken.START_OBJECT, "model");
    for (Optional<String> name = json.nextName("model");
        name.isPresent();
        name = json.nextName("model")) {
      switch (name.get()) {
        case "vocab" -> readVocabulary();
        case "merges" -> readMerges();
        default -> model.put(name.get(), json.nextTree());
      }
    }
  }

  private void readVocabulary() throws IOException {
    JsonToken start = json.next();
    if (start == JsonToken.START_OBJECT) {
      readVocabulary(json, vocabulary);
    } else if (start == JsonToken.START_ARRAY) {
      readScores();
    } else {
      throw json.malformed(
          "model.vocab",
          "expected an object of token: id (BPE or WordLevel) or an array of [token, score] (Unigram), found "
              + start);
    }
  }

  private void readScores() throws IOException {
    for (JsonToken token = json.next(); token != JsonToken.END_ARRAY; token = json.next()) {
      if (token != JsonToken.START_ARRAY) {
        throw json.malformed("model.vocab", "expected [token, score], found " + token);
      }
      json.expect(JsonToken.VALUE_STRING, "model.vocab");
      pieces.add(json.string("model.vocab"));
      scores.add(json.nextNumber("model.vocab"));
      json.expect(JsonToken.END_ARRAY, "model.vocab");
    }
  }

  /// Reads token: id up to the end of the open object.
  static void readVocabulary(JsonCursor json, Map<String, Integer> vocabulary) throws IOException {
    long limit = Math.max(1 << 16, json.length());
    for (Optional<String> name = json.nextName("vocab");
        name.isPresent();
        name = json.nextName("vocab")) {
      vocabulary.put(name.get(), json.nextIndex(limit, "vocab: " + name.get()));
    }
  }

  /// Merges are pairs `["a", "b"]`, in older files strings `"a b"`.
  private void readMerges() throws IOException {
    json.expect(JsonToken.START_ARRAY, "model.merges");
    for (JsonToken token = json.next(); token != JsonToken.END_ARRAY; token = json.next()) {
      if (token == JsonToken.START_ARRAY) {
        json.expect(JsonToken.VALUE_STRING, "model.merges");
        mergeParts.add(json.string("model.merges"));
        json.expect(JsonToken.VALUE_STRING, "model.merges");
        mergeParts.add(json.string("model.merges"));
        json.expect(JsonToken.END_ARRAY, "model.merges");
      } else {
        String merge = json.string("model.merges");
        int space = merge.indexOf(' ');
        if (space <= 0 || space != merge.lastIndexOf(' ') || space == merge.length() - 1) {
          throw json.malformed(
              "model.merges", "expected two tokens with a space between, found \"" + merge + "\"");
        }
        mergeParts.add(merge.substring(0, space));
        mergeParts.add(merge.substring(space + 1));
      }
    }
  }

  private Tokenizer build() throws IOException {
    String type =
        model
            .getOrDefault("type", NullNode.getInstance())
            .asString(pieces.isEmpty() ? "BPE" : "Unigram");
    return switch (type) {
      case "BPE" -> buildPairs();
      case "Unigram" -> buildUnigram();
      case "WordLevel" -> buildCharacters();
      default ->
          throw json.malformed(
              "model.type",
              "\""
                  + type
                  + "\" is not supported; Lungo reads BPE, Unigram, and WordLevel of characters");
    };
  }

  private boolean flag(String name) {
    return model.getOrDefault(name, NullNode.getInstance()).asBoolean(false);
  }

  private JsonNode part(String name) {
    return parts.getOrDefault(name, NullNode.getInstance());
  }

  private BytePairDefinition.Frame frame() {
    return PostProcessing.frame(part("post_processor"), added, vocabulary, config);
  }

  private Tokenizer buildPairs() throws IOException {
    for (String name : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      JsonNode value = model.getOrDefault(name, NullNode.getInstance());
      if (!value.isNull() && !value.asString("").isEmpty()) {
        throw json.malformed(
            "model." + name, value + " is not supported; Lungo reads BPE without word affixes");
      }
    }
    OptionalInt unknown = unknownToken();
    Optional<ByteLevelCut> cut = ByteLevelCut.of(part("normalizer"), part("pre_tokenizer"));
    boolean plain = unknown.isEmpty() || hasAllBytes();
    if (cut.isPresent() && plain && !flag("byte_fallback")) {
      AlphabetVocabulary tokens = AlphabetVocabulary.of(vocabulary, mergeParts, added);
      return new BytePairTokenizer(
          new BytePairDefinition(
              tokens.tokens(),
              tokens.merges(),
              false,
              flag("ignore_merges"),
              cut.get().splitter(),
              cut.get().normalization(),
              cut.get().spaceBefore(),
              added,
              frame()));
    }
    SymbolPairModel.Options options =
        new SymbolPairModel.Options(
            unknown, flag("fuse_unk"), flag("byte_fallback"), flag("ignore_merges"));
    return pipeline(new SymbolPairModel(vocabulary, mergeParts, options));
  }

  private OptionalInt unknownToken() {
    String name = model.getOrDefault("unk_token", NullNode.getInstance()).asString("");
    Integer id = vocabulary.get(name);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /// Says whether each byte is a token: then no text has an unknown character.
  private boolean hasAllBytes() {
    for (int b = 0; b < 256; b++) {
      if (!vocabulary.containsKey(ByteAlphabet.write(new byte[] {(byte) b}))) {
        return false;
      }
    }
    return true;
  }

  private Tokenizer buildUnigram() throws IOException {
    JsonNode unknown = model.getOrDefault("unk_id", NullNode.getInstance());
    boolean[] composes = new boolean[pieces.size()];
    Arrays.fill(composes, true);
    for (int id = 0; id < pieces.size(); id++) {
      vocabulary.put(pieces.get(id), id);
    }
    if (!unknown.isNull() && !(unknown.isIntegralNumber() && unknown.canConvertToInt())) {
      throw json.malformed("model.unk_id", "expected a whole number, found " + unknown);
    }
    return pipeline(
        new UnigramModel(
            pieces,
            scores.stream().mapToDouble(Double::doubleValue).toArray(),
            composes,
            unknown.isNull() ? OptionalInt.empty() : OptionalInt.of(unknown.intValue()),
            flag("byte_fallback"),
            flag("single_precision")));
  }

  private Tokenizer pipeline(TextModel model) {
    return new PipelineTokenizer(
        new PipelineTokenizer.Definition(
            model, part("normalizer"), part("pre_tokenizer"), part("decoder"), added, frame()));
  }

  private Tokenizer buildCharacters() throws IOException {
    int[] characters = new int[vocabulary.size()];
    Arrays.fill(characters, -1);
    for (Map.Entry<String, Integer> entry : vocabulary.entrySet()) {
      String name = entry.getKey();
      int id = entry.getValue();
      if (name.isEmpty() || name.codePointCount(0, name.length()) != 1) {
        throw json.malformed(
            "model.vocab", "WordLevel is read for single characters only, not \"" + name + "\"");
      }
      if (id >= characters.length || characters[id] >= 0) {
        throw json.malformed(
            "model.vocab",
            "ids must be 0 to " + (characters.length - 1) + ", each once; found " + id);
      }
      characters[id] = name.codePointAt(0);
    }
    return new CharacterTokenizer(characters);
  }
}
