package dev.lungo.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;

/// Turns text into token ids and back. Immutable and safe for any number of threads.
public sealed interface Tokenizer
    permits BytePairTokenizer, SentencePieceTokenizer, CharacterTokenizer, PipelineTokenizer {

  /// Returns one more than the largest id.
  int vocabularySize();

  /// Appends the ids of the UTF-8 bytes `from` (inclusive) to `to` (exclusive) of `utf8` to `out`.
  void encode(byte[] utf8, int from, int to, SpecialMode mode, TokenBuffer out);

  /// Appends the ids of `text` to `out`.
  default void encode(String text, SpecialMode mode, TokenBuffer out) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    encode(utf8, 0, utf8.length, mode, out);
  }

  /// Returns the ids of `text`.
  default int[] encode(String text, SpecialMode mode) {
    TokenBuffer out = new TokenBuffer(text.length() / 3 + 16);
    encode(text, mode, out);
    return out.toArray();
  }

  /// Returns the ids of `text`, in which special tokens' names are ordinary characters.
  default int[] encode(String text) {
    return encode(text, SpecialMode.TEXT);
  }

  /// Returns the bytes that `id` stands for; the name, for a special token.
  ///
  /// @throws IllegalArgumentException if `id` is outside the vocabulary
  byte[] bytesOf(int id);

  /// Returns the token as it is written in vocabulary files.
  String nameOf(int id);

  /// Says whether `id` is a special token, which stands for no text.
  boolean isSpecial(int id);

  /// Finds the id of a special token such as `<|endoftext|>`.
  OptionalInt idOf(String specialToken);

  /// Returns the token that begins a text, where the tokenizer has one.
  OptionalInt beginOfText();

  /// Returns the token that ends a text, where the tokenizer has one.
  OptionalInt endOfText();

  /// Returns the tokens after which nothing more is to be generated: those that end a text and
  /// those that end a turn of a conversation, such as `<|im_end|>`. In the order of the ids.
  default int[] generationEnds() {
    return EndTokens.of(this);
  }

  /// Says whether the first space of a decoded text belongs to the encoding and not to the text.
  default boolean dropsFirstSpace() {
    return false;
  }

  /// Returns SHA-256, in hexadecimal digits, over everything that decides the ids: equal means
  /// interchangeable.
  String fingerprint();

  /// Writes the tokenizer as a Hugging Face `tokenizer.json`.
  void save(Path file) throws IOException;

  /// Returns the bytes of ids `from` (inclusive) to `to` (exclusive), special tokens as their
  /// names.
  default byte[] decodeBytes(int[] ids, int from, int to) {
    ByteArrayOutputStream out = new ByteArrayOutputStream((to - from) * 4);
    boolean dropSpace = dropsFirstSpace();
    for (int i = from; i < to; i++) {
      byte[] bytes = bytesOf(ids[i]);
      boolean drop = dropSpace && !isSpecial(ids[i]) && bytes.length > 0 && bytes[0] == ' ';
      out.write(bytes, drop ? 1 : 0, bytes.length - (drop ? 1 : 0));
      dropSpace &= isSpecial(ids[i]);
    }
    return out.toByteArray();
  }

  /// Returns the text of `ids`, special tokens as their names, bytes that are no UTF-8 as U+FFFD.
  default String decode(int... ids) {
    return new String(decodeBytes(ids, 0, ids.length), StandardCharsets.UTF_8);
  }

  /// Returns a decoder that takes one id at a time and leaves special tokens out.
  default StreamingDecoder streamingDecoder() {
    return new StreamingDecoder(this, false);
  }

  /// Returns, for each id, how many bytes of text it stands for: none for special tokens (for bits
  /// per byte).
  default int[] byteCounts() {
    int[] counts = new int[vocabularySize()];
    for (int id = 0; id < counts.length; id++) {
      counts[id] = isSpecial(id) ? 0 : bytesOf(id).length;
    }
    return counts;
  }
}
