package dev.lungo.tokenizer;

import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/// Writes SentencePiece vocabularies as `tokenizer.json`: scores become the order of merges.
final class SentencePieceJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

  private SentencePieceJson() {}

  private record Merge(String left, String right, float score, int id) {}

  static void write(SentencePieceTokenizer tokenizer, OutputStream out) {
    try (JsonGenerator json = MAPPER.writerWithDefaultPrettyPrinter().createGenerator(out)) {
      json.writeStartObject();
      json.writeStringProperty("version", "1.0");
      json.writeNullProperty("truncation");
      json.writeNullProperty("padding");
      added(tokenizer, json);
      boolean space = tokenizer.dropsFirstSpace();
      json.writeName("normalizer");
      json.writeRawValue(
          "{\"type\":\"Sequence\",\"normalizers\":["
              + (space ? "{\"type\":\"Prepend\",\"prepend\":\"▁\"}," : "")
              + "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}]}");
      json.writeNullProperty("pre_tokenizer");
      postProcessor(tokenizer, json);
      json.writeName("decoder");
      json.writeRawValue(
          "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"▁\"},\"content\":\" \"},"
              + "{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}"
              + (space ? ",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}" : "")
              + "]}");
      model(tokenizer, json);
      json.writeEndObject();
    }
  }

  private static void added(SentencePieceTokenizer tokenizer, JsonGenerator json) {
    json.writeArrayPropertyStart("added_tokens");
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      if (tokenizer.isSpecial(id) || tokenizer.typeOf(id) == TokenType.USER_DEFINED) {
        json.writeStartObject();
        json.writeNumberProperty("id", id);
        json.writeStringProperty("content", tokenizer.nameOf(id));
        json.writeBooleanProperty("single_word", false);
        json.writeBooleanProperty("lstrip", false);
        json.writeBooleanProperty("rstrip", false);
        json.writeBooleanProperty("normalized", false);
        json.writeBooleanProperty("special", tokenizer.isSpecial(id));
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  private static void postProcessor(SentencePieceTokenizer tokenizer, JsonGenerator json) {
    OptionalInt begin = tokenizer.beginOfText();
    if (begin.isEmpty()) {
      json.writeNullProperty("post_processor");
      return;
    }
    String name = tokenizer.nameOf(begin.getAsInt());
    json.writePOJOProperty(
        "post_processor",
        Map.of(
            "type",
            "TemplateProcessing",
            "single",
            List.of(
                Map.of("SpecialToken", Map.of("id", name, "type_id", 0)),
                Map.of("Sequence", Map.of("id", "A", "type_id", 0))),
            "pair",
            List.of(
                Map.of("SpecialToken", Map.of("id", name, "type_id", 0)),
                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                Map.of("SpecialToken", Map.of("id", name, "type_id", 1)),
                Map.of("Sequence", Map.of("id", "B", "type_id", 1))),
            "special_tokens",
            Map.of(
                name,
                Map.of("id", name, "ids", List.of(begin.getAsInt()), "tokens", List.of(name)))));
  }

  private static void model(SentencePieceTokenizer tokenizer, JsonGenerator json) {
    json.writeObjectPropertyStart("model");
    json.writeStringProperty("type", "BPE");
    json.writeNullProperty("dropout");
    json.writeStringProperty("unk_token", "<unk>");
    json.writeNullProperty("continuing_subword_prefix");
    json.writeNullProperty("end_of_word_suffix");
    json.writeBooleanProperty("fuse_unk", true);
    json.writeBooleanProperty("byte_fallback", true);
    json.writeBooleanProperty("ignore_merges", false);
    json.writeObjectPropertyStart("vocab");
    vocabulary(tokenizer).forEach(json::writeNumberProperty);
    json.writeEndObject();
    json.writeArrayPropertyStart("merges");
    List<String> parts = mergeParts(tokenizer);
    for (int i = 0; i < parts.size(); i += 2) {
      json.writeStartArray();
      json.writeString(parts.get(i));
      json.writeString(parts.get(i + 1));
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  /// Returns the id of each name, in the order of the ids.
  static Map<String, Integer> vocabulary(SentencePieceTokenizer tokenizer) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      ids.putIfAbsent(tokenizer.nameOf(id), id);
    }
    return ids;
  }

  /// Returns left and right text of each merge, one after the other, best first.
  static List<String> mergeParts(SentencePieceTokenizer tokenizer) {
    List<String> parts = new ArrayList<>();
    for (Merge merge : merges(tokenizer)) {
      parts.add(merge.left());
      parts.add(merge.right());
    }
    return parts;
  }

  /// Every way to form a token from two others, best score first, as Hugging Face converts such
  /// vocabularies.
  private static List<Merge> merges(SentencePieceTokenizer tokenizer) {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      if (tokenizer.typeOf(id) == TokenType.NORMAL) {
        ids.put(tokenizer.nameOf(id), id);
      }
    }
    List<Merge> merges = new ArrayList<>();
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      String name = entry.getKey();
      for (int cut = 1; cut < name.length(); cut++) {
        boolean inside = Character.isSurrogatePair(name.charAt(cut - 1), name.charAt(cut));
        String left = name.substring(0, cut);
        String right = name.substring(cut);
        if (!inside && ids.containsKey(left) && ids.containsKey(right)) {
          merges.add(new Merge(left, right, tokenizer.scoreOf(entry.getValue()), entry.getValue()));
        }
      }
    }
    merges.sort(
        Comparator.comparingDouble((Merge merge) -> -merge.score())
            .thenComparingInt(Merge::id)
            .thenComparingInt(merge -> merge.left().getBytes(StandardCharsets.UTF_8).length));
    return merges;
  }
}
