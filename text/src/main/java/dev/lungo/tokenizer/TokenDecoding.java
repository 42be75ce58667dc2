package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// How the texts of tokens become text again: the decoder of a `tokenizer.json`.
///
/// @param alphabet whether tokens are written in GPT-2's byte alphabet
/// @param replacements what is replaced in a token's text
/// @param bytes whether tokens such as `<0x0A>` are bytes
/// @param dropsFirstSpace whether a space at the beginning belongs to the encoding
record TokenDecoding(
    boolean alphabet, List<Replacement> replacements, boolean bytes, boolean dropsFirstSpace) {

  /// Every `wanted` becomes `content`.
  record Replacement(String wanted, String content) {}

  /// Reads a decoder, `null` for none.
  ///
  /// @throws IllegalArgumentException if it is not of a known kind
  static TokenDecoding read(JsonNode node) {
    List<JsonNode> steps = new ArrayList<>();
    collect(node, steps);
    boolean alphabet = false;
    boolean bytes = false;
    boolean dropsFirstSpace = false;
    List<Replacement> replacements = new ArrayList<>();
    for (JsonNode step : steps) {
      switch (JsonFields.type(step)) {
        case "ByteLevel" -> alphabet = true;
        case "ByteFallback" -> bytes = true;
        case "Fuse" -> {
          continue;
        }
        case "Replace" -> {
          JsonNode wanted = step.path("pattern").path("String");
          if (!wanted.isString() || wanted.stringValue().isEmpty()) {
            throw unsupported(step);
          }
          replacements.add(
              new Replacement(wanted.stringValue(), JsonFields.string(step, "content")));
        }
        case "Metaspace" -> {
          replacements.add(new Replacement(JsonFields.string(step, "replacement"), " "));
          dropsFirstSpace = !PieceStep.prependScheme(step).equals("never");
        }
        case "Strip" -> {
          if (!step.path("content").asString(" ").equals(" ")
              || step.path("stop").asInt(0) != 0
              || step.path("start").asInt(0) > 1) {
            throw unsupported(step);
          }
          dropsFirstSpace = step.path("start").asInt(0) == 1;
        }
        default -> throw unsupported(step);
      }
    }
    return new TokenDecoding(alphabet, List.copyOf(replacements), bytes, dropsFirstSpace);
  }

  private static void collect(JsonNode node, List<JsonNode> steps) {
    if (JsonFields.type(node).equals("Sequence")) {
      for (JsonNode step : node.path("decoders")) {
        collect(step, steps);
      }
    } else if (!node.isNull() && !node.isMissingNode()) {
      steps.add(node);
    }
  }

  private static IllegalArgumentException unsupported(JsonNode step) {
    return new IllegalArgumentException(
        "decoder "
            + JsonFields.shown(step)
            + " is not supported; Lungo reads ByteLevel, Metaspace, ByteFallback, Fuse, Replace of a String, Strip of one space before, and their Sequence");
  }

  /// Returns the bytes that the token `text` stands for.
  byte[] bytesOf(String text) {
    if (alphabet && ByteAlphabet.covers(text)) {
      return ByteAlphabet.read(text);
    }
    if (bytes && text.matches("<0x[0-9A-Fa-f]{2}>")) {
      return new byte[] {(byte) Integer.parseInt(text.substring(3, 5), 16)};
    }
    String replaced = text;
    for (Replacement replacement : replacements) {
      replaced = replaced.replace(replacement.wanted(), replacement.content());
    }
    return replaced.getBytes(StandardCharsets.UTF_8);
  }
}
