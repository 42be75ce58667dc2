package dev.lungo.tokenizer;

import dev.lungo.file.GgufHeader;
import dev.lungo.file.MalformedFileException;
import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Reads the tokenizer that a GGUF file carries in its metadata.
///
/// `tokenizer.ggml.model` is `llama` (SentencePiece) or `gpt2` (byte-level BPE;
/// `tokenizer.ggml.pre` says how text is cut).
final class GgufTokenizerFile {
  private static final String PREFIX = "tokenizer.ggml.";

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
        default ->
            throw gguf.malformed(
                "model", "\"" + model + "\" is not supported; Lungo reads llama and gpt2");
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
    List<Number> scores = list("scores", Number.class);
    TokenType[] types = types(names.size());
    if (scores.size() != names.size()) {
      throw malformed("scores", scores.size() + " for " + names.size() + " tokens");
    }
    float[] score = new float[scores.size()];
    for (int i = 0; i < score.length; i++) {
      score[i] = scores.get(i).floatValue();
    }
    return new SentencePieceTokenizer(
        names,
        score,
        types,
        special("bos_token_id", names.size()),
        special("eos_token_id", names.size()));
  }

  private TokenType[] types(int count) throws IOException {
    List<Number> numbers = list("token_type", Number.class);
    if (numbers.size() != count) {
      throw malformed("token_type", numbers.size() + " for " + count + " tokens");
    }
    TokenType[] types = new TokenType[count];
    for (int i = 0; i < count; i++) {
      types[i] = TokenType.ofNumber(numbers.get(i).intValue());
    }
    return types;
  }

  private Tokenizer bytePair() throws IOException {
    List<String> names = list("tokens", String.class);
    TokenType[] types = types(names.size());
    List<AddedToken> added = new ArrayList<>();
    for (int id = 0; id < types.length; id++) {
      boolean control = types[id] == TokenType.CONTROL || types[id] == TokenType.UNKNOWN;
      if (!names.get(id).isEmpty() && (control || types[id] == TokenType.USER_DEFINED)) {
        added.add(new AddedToken(id, names.get(id), control, false, false, false, false));
      }
    }
    OptionalInt begin = special("bos_token_id", names.size());
    boolean addBegin = Boolean.TRUE.equals(value("add_bos_token")) && begin.isPresent();
    BytePairDefinition.Frame frame =
        new BytePairDefinition.Frame(
            addBegin ? new int[] {begin.getAsInt()} : new int[0],
            new int[0],
            begin,
            special("eos_token_id", names.size()));
    return BytePairTokenizer.ofAlphabet(
        names, list("merges", String.class), splitter(), added, frame);
  }

  private Splitter splitter() throws IOException {
    String pre = string("pre", "gpt-2");
    return switch (pre) {
      case "gpt-2", "default", "gpt2" -> new Gpt2Splitter();
      case "qwen2" -> new Gpt4Splitter(1);
      case "llama-bpe", "llama3", "llama-v3" -> new Gpt4Splitter(3);
      default ->
          throw malformed(
              "pre", "\"" + pre + "\" is not supported; Lungo reads gpt-2, qwen2 and llama-bpe");
    };
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
