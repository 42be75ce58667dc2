package dev.lungo.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/// Reads what a `tokenizer.json` (and the `tokenizer_config.json` beside it) puts around texts.
final class PostProcessing {
  private static final List<String> ENDS =
      List.of("<|endoftext|>", "</s>", "<|end_of_text|>", "<|im_end|>", "<eos>");
  private static final List<String> BEGINS = List.of("<s>", "<|begin_of_text|>", "<bos>");

  private final List<AddedToken> added;
  private final Map<String, Integer> vocabulary;
  private final List<Integer> before = new ArrayList<>();
  private final List<Integer> after = new ArrayList<>();
  private boolean hasTemplate;

  private PostProcessing(List<AddedToken> added, Map<String, Integer> vocabulary) {
    this.added = added;
    this.vocabulary = vocabulary;
  }

  /// Reads the frame; begin and end follow from the configuration, the template, or the usual
  /// names.
  ///
  /// @throws IllegalArgumentException if the post-processor is not of a known kind, or names a
  ///   token that is not there
  static BytePairDefinition.Frame frame(
      JsonNode node,
      List<AddedToken> added,
      Map<String, Integer> vocabulary,
      TokenizerConfigFile config) {
    PostProcessing reader = new PostProcessing(added, vocabulary);
    reader.read(node);
    OptionalInt begin = reader.named(config.begin());
    OptionalInt end = reader.named(config.end());
    if (!reader.hasTemplate && config.addsBegin().orElse(false)) {
      begin.ifPresent(reader.before::add);
    }
    if (!reader.hasTemplate && config.addsEnd().orElse(false)) {
      end.ifPresent(reader.after::add);
    }
    if (begin.isEmpty()) {
      begin =
          reader.before.isEmpty() ? reader.first(BEGINS) : OptionalInt.of(reader.before.getFirst());
    }
    if (end.isEmpty()) {
      end = reader.after.isEmpty() ? reader.first(ENDS) : OptionalInt.of(reader.after.getLast());
    }
    return new BytePairDefinition.Frame(array(reader.before), array(reader.after), begin, end);
  }

  private void read(JsonNode node) {
    switch (JsonFields.type(node)) {
      case "Sequence" -> {
        for (JsonNode step : node.path("processors")) {
          read(step);
        }
      }
      case "TemplateProcessing" -> template(node);
      case "RobertaProcessing", "BertProcessing" -> {
        hasTemplate = true;
        before.add(idOf(node.path("cls").path(0).asString("")));
        after.add(idOf(node.path("sep").path(0).asString("")));
      }
      case "ByteLevel" -> {
        return;
      }
      default -> {
        if (!node.isNull() && !node.isMissingNode()) {
          throw new IllegalArgumentException(
              "post_processor "
                  + JsonFields.shown(node)
                  + " is not supported; Lungo reads TemplateProcessing, ByteLevel, RobertaProcessing, BertProcessing and their Sequence");
        }
      }
    }
  }

  private void template(JsonNode node) {
    hasTemplate = true;
    boolean textSeen = false;
    for (JsonNode item : node.path("single")) {
      if (item.has("Sequence")) {
        textSeen = true;
        continue;
      }
      String name = item.path("SpecialToken").path("id").asString("");
      JsonNode ids = node.path("special_tokens").path(name).path("ids");
      List<Integer> side = textSeen ? after : before;
      if (ids.isEmpty()) {
        side.add(idOf(name));
      }
      for (JsonNode id : ids) {
        if (!id.isIntegralNumber() || !id.canConvertToInt()) {
          throw new IllegalArgumentException(
              "post_processor: \"" + name + "\" has no id, but " + JsonFields.shown(id));
        }
        side.add(id.intValue());
      }
    }
    if (!textSeen) {
      throw new IllegalArgumentException(
          "post_processor: the template has no place for the text: " + JsonFields.shown(node));
    }
  }

  private int idOf(String content) {
    return named(Optional.of(content))
        .orElseThrow(() ->
            new IllegalArgumentException(
                "post_processor: \"" + content + "\" is no token of this vocabulary"));
  }

  private OptionalInt named(Optional<String> name) {
    if (name.isEmpty()) {
      return OptionalInt.empty();
    }
    for (AddedToken token : added) {
      if (token.content().equals(name.get())) {
        return OptionalInt.of(token.id());
      }
    }
    Integer id = vocabulary.get(name.get());
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  private OptionalInt first(List<String> names) {
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
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
