package dev.lungo.tokenizer;

import dev.lungo.tokenizer.StrictJson.JsonCursor;
import java.io.IOException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.NullNode;

/// Understands the normalizer, pre-tokenizer and post-processor of a `tokenizer.json`.
final class TokenizerJsonParts {
  /// How text is cut, and whether a space is put before it.
  record PreTokenizer(Splitter splitter, boolean spaceBefore) {}

  private static final List<String> ENDS =
      List.of("<|endoftext|>", "</s>", "<|end_of_text|>", "<|im_end|>", "<eos>");
  private static final List<String> BEGINS = List.of("<s>", "<|begin_of_text|>", "<bos>");

  private final JsonCursor json;
  private final Map<String, JsonNode> parts;
  private final List<AddedToken> added;

  TokenizerJsonParts(JsonCursor json, Map<String, JsonNode> parts, List<AddedToken> added) {
    this.json = json;
    this.parts = parts;
    this.added = added;
  }

  private JsonNode part(String name) {
    return parts.getOrDefault(name, NullNode.getInstance());
  }

  private static List<JsonNode> steps(JsonNode node, String listName) {
    List<JsonNode> steps = new ArrayList<>();
    if (node.path("type").asString("").equals("Sequence")) {
      for (JsonNode step : node.path(listName)) {
        steps.addAll(steps(step, listName));
      }
    } else if (!node.isNull()) {
      steps.add(node);
    }
    return steps;
  }

  Optional<Normalizer.Form> normalization() throws IOException {
    Optional<Normalizer.Form> form = Optional.empty();
    for (JsonNode step : steps(part("normalizer"), "normalizers")) {
      String type = step.path("type").asString("");
      boolean known =
          type.equals("NFC") || type.equals("NFD") || type.equals("NFKC") || type.equals("NFKD");
      if (!known || form.isPresent()) {
        throw json.malformed(
            "normalizer", step + " is not supported; Lungo reads one of NFC, NFD, NFKC and NFKD");
      }
      form = Optional.of(Normalizer.Form.valueOf(type));
    }
    return form;
  }

  PreTokenizer preTokenizer() throws IOException {
    List<Splitter> splitters = new ArrayList<>();
    boolean spaceBefore = false;
    for (JsonNode step : steps(part("pre_tokenizer"), "pretokenizers")) {
      switch (step.path("type").asString("")) {
        case "ByteLevel" -> {
          spaceBefore |= step.path("add_prefix_space").asBoolean(false);
          if (step.path("use_regex").asBoolean(true)) {
            splitters.add(new Gpt2Splitter());
          }
        }
        case "Split" -> splitters.add(split(step));
        case "Digits" ->
            splitters.add(
                new RegexSplitter(
                    step.path("individual_digits").asBoolean(false) ? "\\p{N}" : "\\p{N}+"));
        default ->
            throw json.malformed(
                "pre_tokenizer",
                step
                    + " is not supported; Lungo reads ByteLevel, Split, Digits and their Sequence");
      }
    }
    if (splitters.isEmpty()) {
      return new PreTokenizer(new RegexSplitter("[\\s\\S]+"), spaceBefore);
    }
    Splitter splitter =
        splitters.size() == 1 ? splitters.getFirst() : new SequenceSplitter(splitters);
    return new PreTokenizer(splitter, spaceBefore);
  }

  private Splitter split(JsonNode step) throws IOException {
    String behavior = step.path("behavior").asString("Isolated");
    boolean invert = step.path("invert").asBoolean(false);
    // Removing what the inverted expression matches keeps the matches: the same, for expressions
    // that match all text.
    boolean keepsMatches = behavior.equals("Isolated") || behavior.equals("Removed") && invert;
    if (!keepsMatches) {
      throw json.malformed(
          "pre_tokenizer", "behavior " + behavior + " is not supported; Lungo reads Isolated");
    }
    JsonNode pattern = step.path("pattern");
    if (pattern.path("Regex").isString()) {
      return Splitter.forPattern(pattern.path("Regex").stringValue());
    }
    if (pattern.path("String").isString() && !pattern.path("String").stringValue().isEmpty()) {
      return new RegexSplitter(Pattern.quote(pattern.path("String").stringValue()));
    }
    throw json.malformed(
        "pre_tokenizer", "a Split needs a pattern with a Regex or a String: " + step);
  }

  /// Reads the template around a text; begin and end follow from it, or from the usual names.
  BytePairDefinition.Frame frame() throws IOException {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    for (JsonNode step : steps(part("post_processor"), "processors")) {
      switch (step.path("type").asString("")) {
        case "TemplateProcessing" -> template(step.path("single"), before, after);
        case "RobertaProcessing", "BertProcessing" -> {
          before.add(idOf(step.path("cls").path(0).asString("")));
          after.add(idOf(step.path("sep").path(0).asString("")));
        }
        case "ByteLevel" -> {
          continue;
        }
        default -> throw json.malformed("post_processor", step + " is not supported");
      }
    }
    OptionalInt begin = before.isEmpty() ? named(BEGINS) : OptionalInt.of(before.getFirst());
    OptionalInt end = after.isEmpty() ? named(ENDS) : OptionalInt.of(after.getLast());
    return new BytePairDefinition.Frame(array(before), array(after), begin, end);
  }

  private void template(JsonNode items, List<Integer> before, List<Integer> after)
      throws IOException {
    boolean textSeen = false;
    for (JsonNode item : items) {
      if (item.has("Sequence")) {
        textSeen = true;
      } else {
        (textSeen ? after : before).add(idOf(item.path("SpecialToken").path("id").asString("")));
      }
    }
    if (!textSeen) {
      throw json.malformed("post_processor", "the template has no place for the text");
    }
  }

  private int idOf(String content) throws IOException {
    for (AddedToken token : added) {
      if (token.content().equals(content)) {
        return token.id();
      }
    }
    throw json.malformed("post_processor", "\"" + content + "\" is not among the added tokens");
  }

  private OptionalInt named(List<String> names) {
    for (String name : names) {
      for (AddedToken token : added) {
        if (token.content().equals(name)) {
          return OptionalInt.of(token.id());
        }
      }
    }
    return OptionalInt.empty();
  }

  private static int[] array(List<Integer> ids) {
    int[] array = new int[ids.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = ids.get(i);
    }
    return array;
  }
}
