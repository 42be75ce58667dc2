package dev.lungo.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

/// Byte-pair encoding over characters, as `tokenizer.json` describes it: a piece starts as its
/// characters, and the pair of best rank is joined, the leftmost of equals.
///
/// A character without a token becomes its bytes' tokens, if all of them are there, or else the
/// token for unknown characters, or else nothing.
final class SymbolPairModel implements TextModel {
  private static final int MOST_REMEMBERED = 1 << 14;
  private static final int LONGEST_REMEMBERED = 64;

  /// What is done with pieces and characters that the merges do not cover.
  ///
  /// @param unknown the token of unknown characters
  /// @param fusesUnknown whether several unknown characters in a row become one token
  /// @param byteFallback whether characters without a token become bytes
  /// @param wholePiecesFirst whether a piece that is a token becomes that token at once
  record Options(
      OptionalInt unknown, boolean fusesUnknown, boolean byteFallback, boolean wholePiecesFirst) {}

  private final Map<String, Integer> ids;
  private final List<String> mergeParts;
  private final Options options;
  private final String[] texts;
  private final MergeTable merges;
  private final int[] byteIds;
  private final Map<String, int[]> remembered = new ConcurrentHashMap<>();

  /// @param ids the id of each text
  /// @param mergeParts left and right text of each merge, one after the other, best first
  /// @throws IllegalArgumentException if two texts have the same id, or a merge names a text that
  ///   is not there
  SymbolPairModel(Map<String, Integer> ids, List<String> mergeParts, Options options) {
    // Map.copyOf probes linearly, which large vocabularies make slow.
    this.ids = new HashMap<>(ids);
    this.mergeParts = List.copyOf(mergeParts);
    this.options = options;
    this.texts = textsById(ids);
    this.byteIds = options.byteFallback() ? TextModel.byteIds(ids) : new int[0];
    int[] triples = new int[mergeParts.size() / 2 * 3];
    for (int i = 0; i < mergeParts.size() / 2; i++) {
      String left = mergeParts.get(2 * i);
      String right = mergeParts.get(2 * i + 1);
      triples[3 * i] = idOf(left, i);
      triples[3 * i + 1] = idOf(right, i);
      triples[3 * i + 2] = idOf(left + right, i);
    }
    this.merges = MergeTable.ofMerges(triples, new int[256]);
  }

  private int idOf(String text, int merge) {
    Integer id = ids.get(text);
    if (id == null) {
      throw new IllegalArgumentException(
          "merge " + merge + " needs \"" + text + "\", which is not in the vocabulary");
    }
    return id;
  }

  /// Turns the map around; ids that have no text get an empty one.
  static String[] textsById(Map<String, Integer> ids) {
    int largest = -1;
    for (int id : ids.values()) {
      largest = Math.max(largest, id);
    }
    String[] texts = new String[largest + 1];
    boolean[] seen = new boolean[largest + 1];
    Arrays.fill(texts, "");
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      int id = entry.getValue();
      if (seen[id]) {
        throw new IllegalArgumentException(
            "id " + id + " is there twice: \"" + texts[id] + "\" and \"" + entry.getKey() + "\"");
      }
      seen[id] = true;
      texts[id] = entry.getKey();
    }
    return texts;
  }

  List<String> mergeParts() {
    return mergeParts;
  }

  Options options() {
    return options;
  }

  @Override
  public int size() {
    return texts.length;
  }

  @Override
  public String textOf(int id) {
    return id < texts.length ? texts[id] : "";
  }

  @Override
  public OptionalInt idOf(String text) {
    Integer id = ids.get(text);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public void encode(String piece, TokenBuffer out) {
    if (piece.length() > LONGEST_REMEMBERED) {
      encodeNew(piece, out);
      return;
    }
    int[] known = remembered.get(piece);
    if (known != null) {
      out.addAll(known, 0, known.length);
      return;
    }
    int before = out.size();
    encodeNew(piece, out);
    if (remembered.size() < MOST_REMEMBERED) {
      remembered.put(piece, Arrays.copyOfRange(out.array(), before, out.size()));
    }
  }

  private void encodeNew(String piece, TokenBuffer out) {
    Integer whole = options.wholePiecesFirst() ? ids.get(piece) : null;
    if (whole != null) {
      out.add(whole);
      return;
    }
    TokenBuffer symbols = symbols(piece);
    new SymbolJoiner(merges, symbols.array(), symbols.size()).join(out);
  }

  private TokenBuffer symbols(String piece) {
    TokenBuffer symbols = new TokenBuffer(piece.length() + 1);
    boolean pendingUnknown = false;
    for (int i = 0; i < piece.length(); ) {
      int c = piece.codePointAt(i);
      String character = Character.toString(c);
      i += character.length();
      Integer id = ids.get(character);
      if (id != null) {
        if (pendingUnknown) {
          symbols.add(options.unknown().getAsInt());
          pendingUnknown = false;
        }
        symbols.add(id);
      } else if (!addBytes(character, symbols) && options.unknown().isPresent()) {
        // A pending token stands for all unknown characters so far, where they are fused.
        if (pendingUnknown && !options.fusesUnknown()) {
          symbols.add(options.unknown().getAsInt());
        }
        pendingUnknown = true;
      }
    }
    if (pendingUnknown) {
      symbols.add(options.unknown().getAsInt());
    }
    return symbols;
  }

  private boolean addBytes(String character, TokenBuffer symbols) {
    if (!options.byteFallback()) {
      return false;
    }
    byte[] bytes = character.getBytes(StandardCharsets.UTF_8);
    for (byte b : bytes) {
      if (byteIds[b & 0xff] < 0) {
        return false;
      }
    }
    for (byte b : bytes) {
      symbols.add(byteIds[b & 0xff]);
    }
    return true;
  }

  /// Returns the texts and their ids, in the order of the ids.
  List<Map.Entry<String, Integer>> entries() {
    List<Map.Entry<String, Integer>> entries = new ArrayList<>(ids.entrySet());
    entries.sort(Map.Entry.comparingByValue());
    return entries;
  }
}
