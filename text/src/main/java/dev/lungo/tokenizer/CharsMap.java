package dev.lungo.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// SentencePiece's normalisation table, `precompiled_charsmap`: what some characters and sequences
/// of characters become.
///
/// The table is a double-array trie (Aoe 1989) over UTF-8 bytes, whose values are places in a list
/// of texts that end with a zero byte. Every step within it is checked: a damaged table maps
/// wrongly, and does no worse.
final class CharsMap {
  private static final Pattern GRAPHEME = Pattern.compile("\\X");

  /// Hugging Face looks up no longer sequences as a whole.
  private static final int LONGEST_GRAPHEME = 5;

  private final byte[] table;
  private final int[] units;
  private final byte[] texts;

  /// @throws IllegalArgumentException if the bytes are no such table
  CharsMap(byte[] table) {
    this.table = table.clone();
    if (table.length < 4) {
      throw new IllegalArgumentException(
          "precompiled_charsmap: " + table.length + " bytes are too few for its size");
    }
    ByteBuffer in = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
    int size = in.getInt();
    if (size < 4 || size % 4 != 0 || size > in.remaining()) {
      throw new IllegalArgumentException(
          "precompiled_charsmap: a trie of %d bytes; %d are left, and it has four a unit"
              .formatted(size, in.remaining()));
    }
    units = new int[size / 4];
    for (int i = 0; i < units.length; i++) {
      units[i] = in.getInt();
    }
    texts = Arrays.copyOfRange(table, 4 + size, table.length);
  }

  /// Returns a copy of the bytes that the table was made from.
  byte[] toBytes() {
    return table.clone();
  }

  /// What the beginning of a text becomes, and how many of its bytes are replaced.
  private record Found(String replacement, int length) {}

  /// Walks down the trie along `text`.
  ///
  /// @param longest whether the longest entry is wanted, or else the shortest
  private Optional<Found> find(byte[] text, int from, int to, boolean longest) {
    int value = -1;
    int length = 0;
    int node = offset(units[0]);
    for (int i = from; i < to && text[i] != 0; i++) {
      int label = text[i] & 0xff;
      node ^= label;
      if (node < 0 || node >= units.length || (units[node] & 0x800000ff) != label) {
        break;
      }
      boolean hasValue = (units[node] >>> 8 & 1) == 1;
      node ^= offset(units[node]);
      if (hasValue && node >= 0 && node < units.length) {
        value = units[node] & 0x7fffffff;
        length = i + 1 - from;
        if (!longest) {
          break;
        }
      }
    }
    if (length == 0 || value >= texts.length) {
      return Optional.empty();
    }
    int end = value;
    while (end < texts.length && texts[end] != 0) {
      end++;
    }
    return Optional.of(
        new Found(new String(texts, value, end - value, StandardCharsets.UTF_8), length));
  }

  private static int offset(int unit) {
    return unit >>> 10 << ((unit & 1 << 9) >>> 6);
  }

  /// Replaces as SentencePiece does: at each place the longest entry.
  String replaceLongest(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int at = 0; at < utf8.length; ) {
      Optional<Found> found = find(utf8, at, utf8.length, true);
      if (found.isPresent()) {
        out.append(found.get().replacement());
        at += found.get().length();
      } else {
        int length = CharacterClasses.classAndLength(utf8, at, utf8.length) >> 3;
        out.append(new String(utf8, at, length, StandardCharsets.UTF_8));
        at += length;
      }
    }
    return out.toString();
  }

  /// Replaces as Hugging Face does: short graphemes as a whole, if they begin with an entry, and
  /// else character by character.
  String replaceGraphemes(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    Matcher graphemes = GRAPHEME.matcher(text);
    while (graphemes.find()) {
      String grapheme = graphemes.group();
      byte[] utf8 = grapheme.getBytes(StandardCharsets.UTF_8);
      Optional<Found> whole =
          utf8.length <= LONGEST_GRAPHEME ? find(utf8, 0, utf8.length, false) : Optional.empty();
      if (whole.isPresent()) {
        out.append(whole.get().replacement());
        continue;
      }
      grapheme
          .codePoints()
          .forEach(c -> {
            String part = Character.toString(c);
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            out.append(find(bytes, 0, bytes.length, false).map(Found::replacement).orElse(part));
          });
    }
    return out.toString();
  }
}
