package dev.lungo.tokenizer;

import dev.lungo.tokenizer.SentencePieceTokenizer.TokenType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// A tokenizer as the metadata of a GGUF file describe it to llama.cpp.
///
/// llama.cpp knows ways of cutting text by name only, so that not every tokenizer can be described
/// exactly.
///
/// @param metadata entries named `tokenizer.ggml.…`
/// @param warnings what llama.cpp will do differently, a sentence each
public record GgufTokenizer(Map<String, Object> metadata, List<String> warnings) {
  private static final String PREFIX = "tokenizer.ggml.";

  /// Describes a tokenizer.
  ///
  /// @param vocabulary how many ids the model has; ids without a token get a name that no text has
  /// @throws IllegalArgumentException if the model has fewer ids than the tokenizer, or GGUF has no
  ///   such kind of tokenizer
  public static GgufTokenizer of(Tokenizer tokenizer, int vocabulary) {
    if (tokenizer.vocabularySize() > vocabulary) {
      throw new IllegalArgumentException(
          "the tokenizer has "
              + tokenizer.vocabularySize()
              + " tokens, but the model only "
              + vocabulary
              + "; they do not belong together");
    }
    return switch (tokenizer) {
      case BytePairTokenizer bytePair -> new BytePairDescription(bytePair, vocabulary).describe();
      case SentencePieceTokenizer pieces -> ofSentencePieces(pieces, vocabulary);
      case PipelineTokenizer steps ->
          throw new IllegalArgumentException(
              "GGUF cannot say all the steps of this tokenizer; export to safetensors");
      case CharacterTokenizer characters ->
          throw new IllegalArgumentException(
              "GGUF has no tokenizer of single characters; export to safetensors, or train with a"
                  + " byte-pair tokenizer");
    };
  }

  private static Map<String, Object> begin(String model) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put(PREFIX + "model", model);
    return metadata;
  }

  private static void put(Map<String, Object> metadata, String name, OptionalInt id) {
    id.ifPresent(value -> metadata.put(PREFIX + name, value));
  }

  private static String unused(int id) {
    return "[PAD" + id + "]";
  }

  private static int number(TokenType type) {
    return type.ordinal() + 1;
  }

  private static GgufTokenizer ofSentencePieces(SentencePieceTokenizer tokenizer, int vocabulary) {
    List<String> names = new ArrayList<>();
    float[] scores = new float[vocabulary];
    int[] types = new int[vocabulary];
    OptionalInt unknown = OptionalInt.empty();
    for (int id = 0; id < vocabulary; id++) {
      boolean there = id < tokenizer.vocabularySize();
      TokenType type = there ? tokenizer.typeOf(id) : TokenType.UNUSED;
      names.add(there ? tokenizer.nameOf(id) : unused(id));
      scores[id] = there ? tokenizer.scoreOf(id) : 0;
      types[id] = number(type);
      if (type == TokenType.UNKNOWN) {
        unknown = OptionalInt.of(id);
      }
    }
    Map<String, Object> metadata = begin("llama");
    metadata.put(PREFIX + "pre", "default");
    metadata.put(PREFIX + "tokens", names);
    metadata.put(PREFIX + "scores", scores);
    metadata.put(PREFIX + "token_type", types);
    put(metadata, "bos_token_id", tokenizer.beginOfText());
    put(metadata, "eos_token_id", tokenizer.endOfText());
    put(metadata, "unknown_token_id", unknown);
    // An empty text shows what is put around every text.
    int[] frame = tokenizer.encode("", SpecialMode.FRAME);
    metadata.put(PREFIX + "add_bos_token", contains(frame, tokenizer.beginOfText()));
    metadata.put(PREFIX + "add_eos_token", contains(frame, tokenizer.endOfText()));
    int[] letter = tokenizer.encode("a");
    boolean space = tokenizer.nameOf(letter[0]).startsWith(SentencePieceTokenizer.SPACE);
    metadata.put(PREFIX + "add_space_prefix", space);
    return new GgufTokenizer(metadata, List.of());
  }

  private static boolean contains(int[] ids, OptionalInt id) {
    return id.isPresent() && Arrays.stream(ids).anyMatch(one -> one == id.getAsInt());
  }

  /// Describes one byte-pair tokenizer.
  private static final class BytePairDescription {
    private final BytePairTokenizer tokenizer;
    private final BytePairDefinition definition;
    private final int vocabulary;
    private final List<String> warnings = new ArrayList<>();

    BytePairDescription(BytePairTokenizer tokenizer, int vocabulary) {
      this.tokenizer = tokenizer;
      this.definition = tokenizer.definition();
      this.vocabulary = vocabulary;
    }

    GgufTokenizer describe() {
      Map<String, Object> metadata = begin("gpt2");
      metadata.put(PREFIX + "pre", preTokenizer());
      addTokens(metadata);
      metadata.put(PREFIX + "merges", merges());
      BytePairDefinition.Frame frame = definition.frame();
      // Without a token that begins texts llama.cpp assumes number 11; as in GPT-2, the end will
      // do.
      OptionalInt begin = frame.begin().isPresent() ? frame.begin() : frame.end();
      put(metadata, "bos_token_id", begin);
      put(metadata, "eos_token_id", frame.end());
      boolean addsBegin = isOnly(frame.before(), begin);
      boolean addsEnd = isOnly(frame.after(), frame.end());
      metadata.put(PREFIX + "add_bos_token", addsBegin);
      metadata.put(PREFIX + "add_eos_token", addsEnd);
      if (frame.before().length > 0 != addsBegin || frame.after().length > 0 != addsEnd) {
        warnings.add("llama.cpp will not put the same special tokens around texts");
      }
      if (definition.normalization().isPresent()) {
        warnings.add(
            "llama.cpp will not bring texts into the form "
                + definition.normalization().get()
                + ": texts in another form get other tokens");
      }
      if (definition.spaceBefore()) {
        warnings.add("llama.cpp will not put a space before texts: their first token differs");
      }
      return new GgufTokenizer(metadata, List.copyOf(warnings));
    }

    private static boolean isOnly(int[] ids, OptionalInt id) {
      return ids.length == 1 && id.isPresent() && ids[0] == id.getAsInt();
    }

    private String preTokenizer() {
      boolean whole = definition.wholePiecesFirst();
      Optional<String> exact =
          switch (definition.splitter()) {
            case WordEndSplitter words when !whole && tokensKeepWithinCuts() ->
                Optional.of("superbpe");
            case Gpt2Splitter words when !whole -> Optional.of("gpt-2");
            case Gpt4Splitter words when words.maxDigits() == 3 ->
                Optional.of(whole ? "llama-bpe" : "smaug-bpe");
            case Gpt4Splitter words when !whole -> Optional.of("qwen2");
            case O200kSplitter words when !whole && words.pattern().equals(O200kSplitter.PATTERN) ->
                Optional.of("gpt-4o");
            case O200kSplitter words
                when whole && words.pattern().equals(O200kSplitter.PATTERN_TEKKEN) ->
                Optional.of("tekken");
            case Gpt2Splitter words -> Optional.empty();
            case O200kSplitter words -> Optional.empty();
            case Gpt4Splitter words -> Optional.empty();
            case WordEndSplitter words -> Optional.empty();
            case CodeSplitter lines -> Optional.empty();
            case RegexSplitter any -> Optional.empty();
            case SequenceSplitter any -> Optional.empty();
          };
      if (exact.isEmpty()) {
        warnings.add(
            "llama.cpp has no name for how this tokenizer cuts text, and will cut it as GPT-4 does:"
                + " some texts get other tokens than in training");
      }
      return exact.orElse("smaug-bpe");
    }

    /// Whether a reader that cuts around numbers only finds the same tokens: see [WordEndSplitter].
    private boolean tokensKeepWithinCuts() {
      Set<Integer> added = new HashSet<>();
      definition.added().forEach(token -> added.add(token.id()));
      int[] ends = new int[1];
      for (int id = 0; id < definition.tokens().size(); id++) {
        byte[] bytes = definition.tokens().get(id);
        if (bytes.length > 1 && !added.contains(id)) {
          String characters = new String(bytes, StandardCharsets.ISO_8859_1);
          Splitter.Pieces pieces = definition.splitter().pieces(bytes, 0, bytes.length);
          if (!BpeTrainer.keepsCharacters(characters)
              || BpeTrainer.isWhole(characters)
                  && (pieces.next(ends) != 1 || ends[0] != bytes.length)) {
            return false;
          }
        }
      }
      return true;
    }

    private void addTokens(Map<String, Object> metadata) {
      List<String> names = new ArrayList<>();
      int[] types = new int[vocabulary];
      for (int id = 0; id < vocabulary; id++) {
        boolean there = id < definition.tokens().size() && definition.tokens().get(id).length > 0;
        names.add(there ? ByteAlphabet.write(definition.tokens().get(id)) : unused(id));
        types[id] = number(there ? TokenType.NORMAL : TokenType.UNUSED);
      }
      for (AddedToken token : definition.added()) {
        names.set(token.id(), token.content());
        types[token.id()] = number(token.special() ? TokenType.CONTROL : TokenType.USER_DEFINED);
      }
      metadata.put(PREFIX + "tokens", names);
      metadata.put(PREFIX + "token_type", types);
    }

    private List<String> merges() {
      Vocabulary tokens = tokenizer.vocabulary();
      int[] merges = definition.idsAreRanks() ? RankedMerges.of(tokens) : definition.merges();
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < merges.length; i += 3) {
        texts.add(
            ByteAlphabet.write(tokens.bytesOf(merges[i]))
                + " "
                + ByteAlphabet.write(tokens.bytesOf(merges[i + 1])));
      }
      return texts;
    }
  }
}
