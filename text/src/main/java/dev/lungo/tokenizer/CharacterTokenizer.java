package dev.lungo.tokenizer;

import dev.lungo.file.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/// One id per character (Unicode code point), as nanoGPT's Shakespeare uses: ids in the order of
/// the code points.
public final class CharacterTokenizer implements Tokenizer {
  /// Cuts text into characters, in the dialect of `tokenizer.json`.
  static final String PATTERN = "[\\s\\S]";

  private static final int UNKNOWN = -1;

  private final int[] characters;
  private final int[] small = new int[0x3000];
  private final Map<Integer, Integer> large = new HashMap<>();
  private volatile String fingerprint = "";

  /// @param characters the code point of each id
  /// @throws IllegalArgumentException if there are none, or one appears twice
  public CharacterTokenizer(int[] characters) {
    if (characters.length == 0) {
      throw new IllegalArgumentException("a character tokenizer needs at least one character");
    }
    this.characters = characters.clone();
    Arrays.fill(small, UNKNOWN);
    for (int id = 0; id < characters.length; id++) {
      int c = characters[id];
      if (!Character.isValidCodePoint(c) || find(c) != UNKNOWN) {
        throw new IllegalArgumentException(
            "character U+%04X is no character or there twice".formatted(c));
      }
      if (c < small.length) {
        small[c] = id;
      } else {
        large.put(c, id);
      }
    }
  }

  /// Makes the tokenizer of all characters in `text`.
  public static CharacterTokenizer of(String text) {
    BitSet seen = new BitSet();
    text.codePoints().forEach(seen::set);
    return new CharacterTokenizer(seen.stream().toArray());
  }

  private int find(int c) {
    return c < small.length ? small[c] : large.getOrDefault(c, UNKNOWN);
  }

  @Override
  public int vocabularySize() {
    return characters.length;
  }

  /// @throws IllegalArgumentException if a character is not in the vocabulary
  @Override
  public void encode(byte[] utf8, int from, int to, SpecialMode mode, TokenBuffer out) {
    encode(new String(utf8, from, to - from, StandardCharsets.UTF_8), mode, out);
  }

  /// @throws IllegalArgumentException if a character is not in the vocabulary
  @Override
  public void encode(String text, SpecialMode mode, TokenBuffer out) {
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int id = find(c);
      if (id == UNKNOWN) {
        throw new IllegalArgumentException(
            "character U+%04X at %d is not among the %d characters of this tokenizer"
                .formatted(c, i, characters.length));
      }
      out.add(id);
      i += Character.charCount(c);
    }
  }

  @Override
  public byte[] bytesOf(int id) {
    return nameOf(id).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String nameOf(int id) {
    if (id < 0 || id >= characters.length) {
      throw new IllegalArgumentException(
          "token " + id + " is outside the vocabulary of " + characters.length);
    }
    return Character.toString(characters[id]);
  }

  @Override
  public boolean isSpecial(int id) {
    return false;
  }

  @Override
  public OptionalInt idOf(String specialToken) {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt beginOfText() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.empty();
  }

  @Override
  public String fingerprint() {
    if (fingerprint.isEmpty()) {
      fingerprint = Fingerprints.of(out -> TokenizerJsonWriter.write(this, out));
    }
    return fingerprint;
  }

  @Override
  public void save(Path file) throws IOException {
    AtomicFiles.write(file, out -> TokenizerJsonWriter.write(this, out));
  }
}
