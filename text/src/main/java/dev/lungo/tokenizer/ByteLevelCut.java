package dev.lungo.tokenizer;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The normalizer and pre-tokenizer of a `tokenizer.json` in the usual byte-level form, which a
/// [BytePairTokenizer] can follow on the bytes of a text.
///
/// @param splitter cuts the text
/// @param spaceBefore whether a space is put before text that does not begin with one
/// @param normalization the Unicode form that text is brought into first
record ByteLevelCut(
    Splitter splitter, boolean spaceBefore, Optional<Normalizer.Form> normalization) {
  private static final Set<String> FORMS = Set.of("NFC", "NFD", "NFKC", "NFKD");

  /// Understands the parts, if they only cut text (which loses and changes nothing) and then write
  /// its bytes in GPT-2's alphabet.
  static Optional<ByteLevelCut> of(JsonNode normalizer, JsonNode preTokenizer) {
    List<JsonNode> changes = steps(normalizer, "normalizers");
    if (changes.size() > 1
        || changes.size() == 1 && !FORMS.contains(JsonFields.type(changes.getFirst()))) {
      return Optional.empty();
    }
    Optional<Normalizer.Form> form =
        changes.stream().findFirst().map(node -> Normalizer.Form.valueOf(JsonFields.type(node)));
    List<JsonNode> steps = steps(preTokenizer, "pretokenizers");
    List<Splitter> splitters = new ArrayList<>();
    boolean alphabet = false;
    boolean spaceBefore = false;
    for (JsonNode step : steps) {
      if (JsonFields.type(step).equals("ByteLevel")) {
        spaceBefore = step.path("add_prefix_space").asBoolean(true);
        if (alphabet || spaceBefore && steps.size() > 1) {
          return Optional.empty();
        }
        alphabet = true;
        if (step.path("use_regex").asBoolean(true)) {
          splitters.add(new Gpt2Splitter());
        }
        continue;
      }
      Optional<String> expression = isolated(step);
      if (expression.isEmpty()) {
        return Optional.empty();
      }
      splitters.add(
          alphabet
              ? RegexSplitter.onAlphabet(expression.get())
              : Splitter.forPattern(expression.get()));
    }
    if (!alphabet) {
      return Optional.empty();
    }
    Splitter splitter =
        switch (splitters.size()) {
          case 0 -> new RegexSplitter("[\\s\\S]+");
          case 1 -> splitters.getFirst();
          default -> new SequenceSplitter(splitters);
        };
    return Optional.of(new ByteLevelCut(splitter, spaceBefore, form));
  }

  private static List<JsonNode> steps(JsonNode node, String listName) {
    List<JsonNode> steps = new ArrayList<>();
    if (JsonFields.type(node).equals("Sequence")) {
      for (JsonNode step : node.path(listName)) {
        steps.addAll(steps(step, listName));
      }
    } else if (!node.isNull() && !node.isMissingNode()) {
      steps.add(node);
    }
    return steps;
  }

  /// Finds the expression whose matches, and the text between them, are the step's pieces.
  private static Optional<String> isolated(JsonNode step) {
    return switch (JsonFields.type(step)) {
      case "Digits" ->
          Optional.of(step.path("individual_digits").asBoolean(false) ? "\\p{N}" : "\\p{N}+");
      case "Punctuation" ->
          switch (step.path("behavior").asString("Isolated")) {
            case "Isolated" -> Optional.of(PieceStep.PUNCTUATION);
            case "Contiguous" -> Optional.of(PieceStep.PUNCTUATION + "+");
            default -> Optional.empty();
          };
      case "Split" -> isolatedSplit(step);
      default -> Optional.empty();
    };
  }

  private static Optional<String> isolatedSplit(JsonNode step) {
    String expression = JsonFields.pattern(step).source();
    String behavior = step.path("behavior").asString("");
    // Removing what is no match loses nothing where the expression matches all text.
    boolean keepsAll =
        behavior.equals("Removed")
            && step.path("invert").asBoolean(false)
            && !(Splitter.forPattern(expression) instanceof RegexSplitter);
    return behavior.equals("Isolated") || keepsAll ? Optional.of(expression) : Optional.empty();
  }
}
