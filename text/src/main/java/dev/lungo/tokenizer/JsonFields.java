package dev.lungo.tokenizer;

import tools.jackson.databind.JsonNode;

/// Reads the fields of a `tokenizer.json`'s parts.
final class JsonFields {
  private static final int LONGEST_SHOWN = 200;

  private JsonFields() {}

  static String type(JsonNode node) {
    return node.path("type").asString("");
  }

  /// @throws IllegalArgumentException if there is no such string
  static String string(JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (!value.isString()) {
      throw new IllegalArgumentException(
          type(node) + " needs a string \"" + name + "\": " + shown(node));
    }
    return value.stringValue();
  }

  /// Reads `"pattern": {"Regex": …}` or `{"String": …}`.
  ///
  /// @throws IllegalArgumentException if there is no pattern, or the expression is not valid
  static Expression pattern(JsonNode node) {
    JsonNode pattern = node.path("pattern");
    if (pattern.path("Regex").isString()) {
      return new Expression(pattern.path("Regex").stringValue());
    }
    if (pattern.path("String").isString() && !pattern.path("String").stringValue().isEmpty()) {
      return Expression.literal(pattern.path("String").stringValue());
    }
    throw new IllegalArgumentException(
        type(node) + " needs a pattern with a Regex or a String: " + shown(node));
  }

  /// Writes a part for a message, no longer than a line or two.
  static String shown(JsonNode node) {
    String text = node.toString();
    return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "…";
  }
}
