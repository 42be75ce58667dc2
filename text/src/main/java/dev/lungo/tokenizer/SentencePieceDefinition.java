package dev.lungo.tokenizer;

import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a SentencePiece model says, whatever file it comes from.
///
/// @param names the text of each id: `▁the`, `<0x0A>`, `<s>`
/// @param scores the score of each id
/// @param types the type of each id
/// @param unigram whether the best sum of scores decides, or else byte-pair merges
/// @param charsMap what characters become first
/// @param spaceBefore whether a space is put before a text
/// @param removesExtraSpaces whether spaces around a text, and all but one in a row, are left out
/// @param frame what is put around a whole text
record SentencePieceDefinition(
    List<String> names,
    float[] scores,
    TokenType[] types,
    boolean unigram,
    Optional<CharsMap> charsMap,
    boolean spaceBefore,
    boolean removesExtraSpaces,
    BytePairDefinition.Frame frame) {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final String MARK = SentencePieceTokenizer.SPACE;

  /// Makes the tokenizer.
  ///
  /// @throws IllegalArgumentException if the parts contradict each other
  Tokenizer tokenizer() {
    if (!unigram && charsMap.isEmpty() && !removesExtraSpaces) {
      return new SentencePieceTokenizer(names, scores, types, frame, spaceBefore);
    }
    ObjectNode normalizer = normalizer(charsMap, spaceBefore, removesExtraSpaces);
    PipelineTokenizer.Definition definition =
        new PipelineTokenizer.Definition(
            unigram ? unigramModel() : pairModel(),
            normalizer,
            JSON.nullNode(),
            decoder(spaceBefore),
            added(),
            frame);
    // Files describe the table as Hugging Face reads it, which differs where graphemes have several
    // characters.
    TextChange afterTable = TextChange.read(rest(normalizer));
    TextChange table = charsMap.<TextChange>map(map -> map::replaceLongest).orElse(text -> text);
    return new PipelineTokenizer(definition, text -> afterTable.apply(table.apply(text)));
  }

  /// Describes how text is prepared, in the terms of `tokenizer.json`.
  static ObjectNode normalizer(
      Optional<CharsMap> charsMap, boolean spaceBefore, boolean removesExtraSpaces) {
    ObjectNode sequence = JSON.objectNode();
    sequence.put("type", "Sequence");
    ArrayNode steps = sequence.putArray("normalizers");
    charsMap.ifPresent(map ->
        steps
            .addObject()
            .put("type", "Precompiled")
            .put("precompiled_charsmap", Base64.getEncoder().encodeToString(map.toBytes())));
    if (removesExtraSpaces) {
      replace(steps, "\\A +|[ ▁]+\\z", "");
      replace(steps, " {2,}", " ");
    }
    if (spaceBefore) {
      steps.addObject().put("type", "Prepend").put("prepend", MARK);
    }
    replace(steps, " ", MARK);
    return sequence;
  }

  private static void replace(ArrayNode steps, String expression, String content) {
    ObjectNode step = steps.addObject();
    step.put("type", "Replace");
    step.putObject("pattern").put("Regex", expression);
    step.put("content", content);
  }

  /// Returns the normalizer's steps behind the table.
  private static JsonNode rest(ObjectNode normalizer) {
    ObjectNode rest = normalizer.deepCopy();
    ArrayNode steps = rest.putArray("normalizers");
    for (JsonNode step : normalizer.path("normalizers")) {
      if (!JsonFields.type(step).equals("Precompiled")) {
        steps.add(step);
      }
    }
    return rest;
  }

  /// Describes how tokens become text, in the terms of `tokenizer.json`.
  static ObjectNode decoder(boolean spaceBefore) {
    ObjectNode sequence = JSON.objectNode();
    sequence.put("type", "Sequence");
    ArrayNode steps = sequence.putArray("decoders");
    ObjectNode spaces = steps.addObject();
    spaces.put("type", "Replace");
    spaces.putObject("pattern").put("String", MARK);
    spaces.put("content", " ");
    steps.addObject().put("type", "ByteFallback");
    steps.addObject().put("type", "Fuse");
    if (spaceBefore) {
      steps.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
    return sequence;
  }

  private List<AddedToken> added() {
    List<AddedToken> added = new ArrayList<>();
    for (int id = 0; id < types.length; id++) {
      String name = names.get(id);
      boolean special = types[id] == TokenType.CONTROL || types[id] == TokenType.UNKNOWN;
      if (!name.isEmpty() && (special || types[id] == TokenType.USER_DEFINED)) {
        String content = special ? name : name.replace(MARK, " ");
        added.add(new AddedToken(id, content, special, false, false, false, false));
      }
    }
    return added;
  }

  private OptionalInt unknown() {
    for (int id = 0; id < types.length; id++) {
      if (types[id] == TokenType.UNKNOWN) {
        return OptionalInt.of(id);
      }
    }
    return OptionalInt.empty();
  }

  private boolean hasBytes() {
    for (TokenType type : types) {
      if (type == TokenType.BYTE) {
        return true;
      }
    }
    return false;
  }

  private UnigramModel unigramModel() {
    double[] wide = new double[scores.length];
    boolean[] composes = new boolean[scores.length];
    for (int id = 0; id < wide.length; id++) {
      wide[id] = scores[id];
      composes[id] = types[id] == TokenType.NORMAL;
    }
    return new UnigramModel(names, wide, composes, unknown(), hasBytes(), true);
  }

  private SymbolPairModel pairModel() {
    SentencePieceTokenizer byScores =
        new SentencePieceTokenizer(names, scores, types, frame, spaceBefore);
    return new SymbolPairModel(
        SentencePieceJson.vocabulary(byScores),
        SentencePieceJson.mergeParts(byScores),
        new SymbolPairModel.Options(unknown(), true, hasBytes(), false));
  }
}
