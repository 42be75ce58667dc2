package dev.lungo.tokenizer;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;

/// Reads the tokenizer that a GGUF file carries in its metadata.
///
/// `tokenizer.ggml.model` is `llama` (SentencePiece's byte pairs), `t5` (SentencePiece's unigram)
/// or `gpt2` (byte-level BPE; `tokenizer.ggml.pre` says how text is cut, see [GgufPreTokenizers]).
final class GgufTokenizerFile {
  private static final String PREFIX = "tokenizer.ggml.";
  private static final List<String> TURN_ENDS = List.of("eot_token_id", "eom_token_id");

  private final GgufHeader header;

  private GgufTokenizerFile(GgufHeader header) {
    this.header = header;
  }

  /// @throws MalformedFileException if the file is no GGUF, or its tokenizer is missing or of an
  ///   unknown kind
  static Tokenizer read(Path file) throws IOException {
    GgufTokenizerFile gguf =
        new GgufTokenizerFile(GgufHeader.read(file, name -> name.startsWith(PREFIX)));
    try {
      String model = gguf.string("model", "");
      return switch (model) {
        case "llama" -> gguf.sentencePiece();
        case "gpt2" -> gguf.bytePair();
        case "t5" -> gguf.unigram();
        case "gemma4" -> gguf.characterPairs();
        case "", "none", "no_vocab" ->
            throw gguf.malformed(
                "model",
                "this file carries no tokenizer; put the tokenizer.json or tokenizer.model of its model beside it");
        default ->
            throw gguf.malformed(
                "model",
                "\"" + model + "\" is not supported; Lungo reads llama, gpt2, t5 and gemma4");
      };
    } catch (IllegalArgumentException e) {
      throw gguf.malformed("tokens", String.valueOf(e.getMessage()));
    }
  }

  private MalformedFileException malformed(String field, String reason) {
    return header.malformed(PREFIX + field, reason);
  }

  private @Nullable Object value(String name) {
    return header.metadata().get(PREFIX + name);
  }

  private Tokenizer sentencePiece() throws IOException {
    List<String> names = list("tokens", String.class);
    return new SentencePieceTokenizer(
        names,
        scores(names.size()),
        types(names.size()),
        frame(names.size(), true, false),
        flag("add_space_prefix", true));
  }

  private Tokenizer unigram() throws IOException {
    List<String> names = list("tokens", String.class);
    Optional<CharsMap> charsMap = Optional.empty();
    if (value("precompiled_charsmap") != null) {
      List<Number> numbers = list("precompiled_charsmap", Number.class);
      byte[] table = new byte[numbers.size()];
      for (int i = 0; i < table.length; i++) {
        table[i] = numbers.get(i).byteValue();
      }
      charsMap = Optional.of(new CharsMap(table));
    }
    return new SentencePieceDefinition(
            names,
            scores(names.size()),
            types(names.size()),
            true,
            charsMap,
            flag("add_space_prefix", false),
            flag("remove_extra_whitespaces", false),
            frame(names.size(), false, true))
        .tokenizer();
  }

  private float[] scores(int count) throws IOException {
    List<Number> scores = list("scores", Number.class);
    if (scores.size() != count) {
      throw malformed("scores", scores.size() + " for " + count + " tokens");
    }
    float[] values = new float[count];
    for (int i = 0; i < values.length; i++) {
      values[i] = scores.get(i).floatValue();
    }
    return values;
  }

  private TokenType[] types(int count) throws IOException {
    List<Number> numbers = list("token_type", Number.class);
    if (numbers.size() != count) {
      throw malformed("token_type", numbers.size() + " for " + count + " tokens");
    }
    TokenType[] types = new TokenType[count];
    for (int i = 0; i < count; i++) {
      // 0 is "undefined": some converters write it for tokens that are never used.
      int number = numbers.get(i).intValue();
      types[i] = number == 0 ? TokenType.UNUSED : TokenType.ofNumber(number);
    }
    return types;
  }

  private Tokenizer bytePair() throws IOException {
    String pre = string("pre", "default");
    GgufPreTokenizers.Cut cut =
        GgufPreTokenizers.find(pre)
            .orElseThrow(() ->
                malformed(
                    "pre",
                    "\""
                        + pre
                        + "\" is not known; Lungo knows "
                        + String.join(", ", GgufPreTokenizers.names())));
    Map<String, Integer> ids = new HashMap<>();
    List<AddedToken> added = new ArrayList<>();
    int count = readTokens(ids, added);
    AlphabetVocabulary vocabulary = AlphabetVocabulary.of(ids, mergeParts(), added);
    return new BytePairTokenizer(
        new BytePairDefinition(
            vocabulary.tokens(),
            vocabulary.merges(),
            false,
            cut.wholePiecesFirst(),
            cut.splitter(),
            Optional.empty(),
            false,
            added,
            frame(count, cut.addsBegin(), false)));
  }

  /// Byte pairs of characters with `▁` for spaces, as Gemma's `tokenizer.json` describes them.
  private Tokenizer characterPairs() throws IOException {
    Map<String, Integer> ids = new HashMap<>();
    List<AddedToken> added = new ArrayList<>();
    int count = readTokens(ids, added);
    OptionalInt unknown = special("unknown_token_id", count);
    return new PipelineTokenizer(
        new PipelineTokenizer.Definition(
            new SymbolPairModel(
                ids, mergeParts(), new SymbolPairModel.Options(unknown, true, true, false)),
            SentencePieceDefinition.normalizer(Optional.empty(), false, false),
            JsonNodeFactory.instance.nullNode(),
            SentencePieceDefinition.decoder(false),
            added,
            frame(count, true, false)));
  }

  /// Reads the tokens with an id each, those that stand apart into `added`, and counts the ids.
  private int readTokens(Map<String, Integer> ids, List<AddedToken> added) throws IOException {
    List<String> names = list("tokens", String.class);
    TokenType[] types = new TokenType[names.size()];
    Arrays.fill(types, TokenType.NORMAL);
    if (value("token_type") != null) {
      types = types(names.size());
    }
    for (int id = 0; id < types.length; id++) {
      String name = names.get(id);
      if (name.isEmpty()) {
        continue;
      }
      Integer earlier = ids.put(name, id);
      if (earlier != null) {
        throw malformed("tokens", "\"" + name + "\" has the ids " + earlier + " and " + id);
      }
      boolean control = types[id] == TokenType.CONTROL || types[id] == TokenType.UNKNOWN;
      if (control || types[id] == TokenType.USER_DEFINED) {
        added.add(new AddedToken(id, name, control, false, false, false, false));
      }
    }
    return names.size();
  }

  /// Splits merges at the first space that is not their first character.
  private List<String> mergeParts() throws IOException {
    List<String> merges = list("merges", String.class);
    List<String> parts = new ArrayList<>(merges.size() * 2);
    for (int i = 0; i < merges.size(); i++) {
      String merge = merges.get(i);
      int space = merge.indexOf(' ', 1);
      if (space < 0 || space == merge.length() - 1) {
        throw malformed(
            "merges",
            "merge " + i + " must be two tokens with a space between, not \"" + merge + "\"");
      }
      parts.add(merge.substring(0, space));
      parts.add(merge.substring(space + 1));
    }
    return parts;
  }

  /// Reads what stands around a text.
  private BytePairDefinition.Frame frame(int count, boolean addsBegin, boolean addsEnd)
      throws IOException {
    OptionalInt begin = special("bos_token_id", count);
    OptionalInt end = special("eos_token_id", count);
    List<Integer> turnEnds = new ArrayList<>();
    for (String name : TURN_ENDS) {
      special(name, count).ifPresent(turnEnds::add);
    }
    return new BytePairDefinition.Frame(
        around("add_bos_token", addsBegin, begin, "bos_token_id"),
        around("add_eos_token", addsEnd, end, "eos_token_id"),
        begin,
        end,
        turnEnds.stream().mapToInt(Integer::intValue).toArray());
  }

  private int[] around(String flag, boolean otherwise, OptionalInt token, String tokenName)
      throws IOException {
    if (!flag(flag, otherwise)) {
      return new int[0];
    }
    if (token.isEmpty()) {
      if (value(flag) == null) {
        return new int[0];
      }
      throw malformed(flag, "is true, but " + PREFIX + tokenName + " is missing");
    }
    return new int[] {token.getAsInt()};
  }

  private boolean flag(String name, boolean otherwise) throws IOException {
    Object value = value(name);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof Boolean flag)) {
      throw malformed(name, "expected true or false, found " + value);
    }
    return flag;
  }

  private OptionalInt special(String name, int count) throws IOException {
    Object value = value(name);
    if (value == null) {
      return OptionalInt.empty();
    }
    if (!(value instanceof Number number)
        || number.longValue() < 0
        || number.longValue() >= count) {
      throw malformed(name, value + " is no id of " + count + " tokens");
    }
    return OptionalInt.of(number.intValue());
  }

  private String string(String name, String otherwise) throws IOException {
    Object value = value(name);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof String string)) {
      throw malformed(name, "expected a string");
    }
    return string;
  }

  private <T> List<T> list(String name, Class<T> type) throws IOException {
    if (!(value(name) instanceof List<?> list)) {
      throw malformed(name, "is missing or no array");
    }
    List<T> typed = new ArrayList<>(list.size());
    for (Object element : list) {
      if (!type.isInstance(element)) {
        throw malformed(
            name, "expected an array of " + type.getSimpleName() + ", found " + element);
      }
      typed.add(type.cast(element));
    }
    return typed;
  }
}
