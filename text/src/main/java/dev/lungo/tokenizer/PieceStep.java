package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// A step that cuts pieces of text into smaller ones and may change them: a pre-tokenizer of
/// `tokenizer.json`.
@FunctionalInterface
interface PieceStep {
  /// What [Expression] sees as punctuation: Unicode's and all of ASCII's.
  String PUNCTUATION = "[\\p{P}$+<=>^`|~]";

  /// Cuts `piece`.
  ///
  /// @param first whether the piece begins a whole text
  /// @return the pieces, none of them empty
  List<String> cut(String piece, boolean first);

  /// Reads a pre-tokenizer, `null` for none.
  ///
  /// @throws IllegalArgumentException if it is not of a known kind
  static PieceStep read(JsonNode node) {
    List<PieceStep> steps = new ArrayList<>();
    collect(node, steps);
    return (piece, first) -> {
      List<String> pieces = piece.isEmpty() ? List.of() : List.of(piece);
      for (PieceStep step : steps) {
        List<String> cut = new ArrayList<>();
        for (int i = 0; i < pieces.size(); i++) {
          cut.addAll(step.cut(pieces.get(i), first && i == 0));
        }
        pieces = cut;
      }
      return pieces;
    };
  }

  private static void collect(JsonNode node, List<PieceStep> steps) {
    if (node.isNull() || node.isMissingNode()) {
      return;
    }
    if (JsonFields.type(node).equals("Sequence")) {
      for (JsonNode step : node.path("pretokenizers")) {
        collect(step, steps);
      }
    } else {
      steps.add(step(node));
    }
  }

  private static PieceStep step(JsonNode node) {
    return switch (JsonFields.type(node)) {
      case "Split" ->
          splitting(
              JsonFields.pattern(node),
              Delimiter.named(JsonFields.string(node, "behavior")),
              node.path("invert").asBoolean(false));
      case "Digits" ->
          node.path("individual_digits").asBoolean(false)
              ? splitting("\\p{N}", Delimiter.ISOLATED)
              : splitting("\\p{N}", Delimiter.CONTIGUOUS);
      case "Punctuation" ->
          splitting(PUNCTUATION, Delimiter.named(node.path("behavior").asString("Isolated")));
      case "Whitespace" -> splitting(new Expression("\\w+|[^\\w\\s]+"), Delimiter.REMOVED, true);
      case "WhitespaceSplit" -> splitting("\\s", Delimiter.REMOVED);
      case "BertPreTokenizer" -> {
        PieceStep words = splitting("\\s", Delimiter.REMOVED);
        PieceStep signs = splitting(PUNCTUATION, Delimiter.ISOLATED);
        yield (piece, first) -> {
          List<String> cut = new ArrayList<>();
          words.cut(piece, first).forEach(word -> cut.addAll(signs.cut(word, false)));
          return cut;
        };
      }
      case "CharDelimiterSplit" ->
          splitting(Expression.quoted(JsonFields.string(node, "delimiter")), Delimiter.REMOVED);
      case "ByteLevel" ->
          byteLevel(
              node.path("add_prefix_space").asBoolean(true),
              node.path("use_regex").asBoolean(true));
      case "Metaspace" -> metaspace(node);
      default ->
          throw new IllegalArgumentException(
              "pre_tokenizer "
                  + JsonFields.shown(node)
                  + " is not supported; Lungo reads ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit, BertPreTokenizer, Metaspace and their Sequence");
    };
  }

  private static PieceStep splitting(String expression, Delimiter behavior) {
    return splitting(new Expression(expression), behavior, false);
  }

  /// @param invert whether the text between the matches is the delimiter
  private static PieceStep splitting(Expression expression, Delimiter behavior, boolean invert) {
    return (piece, first) -> behavior.cut(piece, expression, invert);
  }

  private static PieceStep byteLevel(boolean spaceBefore, boolean cuts) {
    Gpt2Splitter splitter = new Gpt2Splitter();
    return (piece, first) -> {
      String spaced = spaceBefore && !piece.startsWith(" ") ? " " + piece : piece;
      byte[] text = spaced.getBytes(StandardCharsets.UTF_8);
      String alphabet = ByteAlphabet.write(text);
      if (!cuts) {
        return List.of(alphabet);
      }
      List<String> pieces = new ArrayList<>();
      for (int at = 0; at < text.length; ) {
        int end = Gpt2Splitter.pieceEnd(text, at, text.length);
        pieces.add(alphabet.substring(at, end));
        at = end;
      }
      return pieces;
    };
  }

  private static PieceStep metaspace(JsonNode node) {
    String mark = JsonFields.string(node, "replacement");
    if (mark.codePointCount(0, mark.length()) != 1) {
      throw new IllegalArgumentException(
          "pre_tokenizer Metaspace: \"replacement\" must be one character, not \"" + mark + "\"");
    }
    String scheme = prependScheme(node);
    boolean splits = node.path("split").asBoolean(true);
    Expression marks = Expression.literal(mark);
    return (piece, first) -> {
      String marked = piece.replace(" ", mark);
      boolean prepends = scheme.equals("always") || scheme.equals("first") && first;
      if (prepends && !marked.startsWith(mark)) {
        marked = mark + marked;
      }
      return splits ? Delimiter.MERGED_WITH_NEXT.cut(marked, marks, false) : List.of(marked);
    };
  }

  /// Returns `always`, `first` or `never`; older files say `add_prefix_space` instead.
  ///
  /// @throws IllegalArgumentException if it is something else
  static String prependScheme(JsonNode metaspace) {
    boolean older = metaspace.path("add_prefix_space").asBoolean(true);
    String scheme = metaspace.path("prepend_scheme").asString(older ? "always" : "never");
    if (!List.of("always", "first", "never").contains(scheme)) {
      throw new IllegalArgumentException(
          "Metaspace: prepend_scheme must be always, first or never, not \"" + scheme + "\"");
    }
    return scheme;
  }

  /// What becomes of the delimiters between pieces.
  enum Delimiter {
    ISOLATED,
    REMOVED,
    CONTIGUOUS,
    MERGED_WITH_PREVIOUS,
    MERGED_WITH_NEXT;

    /// Finds the behaviour by its name in files, such as `MergedWithNext`.
    ///
    /// @throws IllegalArgumentException if there is none
    static Delimiter named(String name) {
      return switch (name) {
        case "Isolated" -> ISOLATED;
        case "Removed" -> REMOVED;
        case "Contiguous" -> CONTIGUOUS;
        case "MergedWithPrevious" -> MERGED_WITH_PREVIOUS;
        case "MergedWithNext" -> MERGED_WITH_NEXT;
        default ->
            throw new IllegalArgumentException(
                "behavior must be Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext, not \""
                    + name
                    + "\"");
      };
    }

    /// Cuts `text` at what `expression` matches, or at what it does not.
    List<String> cut(String text, Expression expression, boolean invert) {
      List<Span> spans = new ArrayList<>();
      Expression.Search search = expression.search(text);
      int at = 0;
      while (search.next()) {
        if (search.start() > at) {
          spans.add(new Span(at, search.start(), invert));
        }
        spans.add(new Span(search.start(), search.end(), !invert));
        at = search.end();
      }
      if (at < text.length()) {
        spans.add(new Span(at, text.length(), invert));
      }
      List<Span> kept = new ArrayList<>();
      for (int i = 0; i < spans.size(); i++) {
        Span span = spans.get(i);
        Span before = kept.isEmpty() ? null : kept.getLast();
        if (before != null && joins(spans, i)) {
          kept.set(kept.size() - 1, new Span(before.from, span.to, span.delimiter));
        } else if (this != REMOVED || !span.delimiter) {
          kept.add(span);
        }
      }
      List<String> pieces = new ArrayList<>(kept.size());
      for (Span span : kept) {
        if (span.to > span.from) {
          pieces.add(text.substring(span.from, span.to));
        }
      }
      return pieces;
    }

    /// Says whether span `i` continues the piece of the one before. Of several delimiters in a row
    /// only one goes along with other text: the first with what is before it, the last with what is
    /// behind.
    private boolean joins(List<Span> spans, int i) {
      boolean delimiter = spans.get(i).delimiter;
      boolean delimiterBefore = spans.get(i - 1).delimiter;
      return switch (this) {
        case ISOLATED, REMOVED -> false;
        case CONTIGUOUS -> delimiter == delimiterBefore;
        case MERGED_WITH_PREVIOUS -> delimiter && !delimiterBefore;
        case MERGED_WITH_NEXT -> delimiterBefore && !delimiter;
      };
    }

    private record Span(int from, int to, boolean delimiter) {}
  }
}
