package dev.lungo.tokenizer;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// A step that changes text before it is cut: a normalizer of `tokenizer.json`.
@FunctionalInterface
interface TextChange {
  /// Returns the changed text.
  String apply(String text);

  /// Reads a normalizer, `null` for none.
  ///
  /// @throws IllegalArgumentException if it is not of a known kind
  static TextChange read(JsonNode node) {
    List<TextChange> steps = new ArrayList<>();
    collect(node, steps);
    return text -> {
      String changed = text;
      for (TextChange step : steps) {
        changed = step.apply(changed);
      }
      return changed;
    };
  }

  private static void collect(JsonNode node, List<TextChange> steps) {
    if (node.isNull() || node.isMissingNode()) {
      return;
    }
    if (JsonFields.type(node).equals("Sequence")) {
      for (JsonNode step : node.path("normalizers")) {
        collect(step, steps);
      }
    } else {
      steps.add(step(node));
    }
  }

  private static TextChange step(JsonNode node) {
    return switch (JsonFields.type(node)) {
      case "NFC", "NFD", "NFKC", "NFKD" -> {
        java.text.Normalizer.Form form = java.text.Normalizer.Form.valueOf(JsonFields.type(node));
        yield text -> java.text.Normalizer.normalize(text, form);
      }
      case "Lowercase" -> TextChange::lowerCase;
      case "StripAccents" -> TextChange::withoutMarks;
      case "Strip" -> {
        boolean left = node.path("strip_left").asBoolean(true);
        boolean right = node.path("strip_right").asBoolean(true);
        yield text -> stripped(text, left, right);
      }
      case "Prepend" -> {
        String before = JsonFields.string(node, "prepend");
        yield text -> text.isEmpty() ? text : before + text;
      }
      case "Replace" -> {
        Expression wanted = JsonFields.pattern(node);
        String content = JsonFields.string(node, "content");
        yield text -> replaced(text, wanted, content);
      }
      case "Precompiled" -> {
        CharsMap map = charsMap(JsonFields.string(node, "precompiled_charsmap"));
        yield map::replaceGraphemes;
      }
      case "ByteLevel" ->
          text -> ByteAlphabet.write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
      default ->
          throw new IllegalArgumentException(
              "normalizer "
                  + JsonFields.shown(node)
                  + " is not supported; Lungo reads NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, Precompiled, ByteLevel and their Sequence");
    };
  }

  private static CharsMap charsMap(String base64) {
    try {
      return new CharsMap(Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("normalizer Precompiled: " + e.getMessage(), e);
    }
  }

  /// Character by character: a sigma that ends a word is no exception.
  private static String lowerCase(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints().forEach(c -> out.append(Character.toString(c).toLowerCase(Locale.ROOT)));
    return out.toString();
  }

  private static String withoutMarks(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .filter(c -> {
          int type = Character.getType(c);
          return type != Character.NON_SPACING_MARK
              && type != Character.COMBINING_SPACING_MARK
              && type != Character.ENCLOSING_MARK;
        })
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  private static String stripped(String text, boolean left, boolean right) {
    int from = 0;
    int to = text.length();
    while (left && from < to && CharacterClasses.isSpace(text.charAt(from))) {
      from++;
    }
    while (right && from < to && CharacterClasses.isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static String replaced(String text, Expression wanted, String content) {
    StringBuilder out = new StringBuilder(text.length());
    Expression.Search search = wanted.search(text);
    int at = 0;
    while (search.next()) {
      out.append(text, at, search.start()).append(content);
      at = search.end();
    }
    return out.append(text, at, text.length()).toString();
  }
}
