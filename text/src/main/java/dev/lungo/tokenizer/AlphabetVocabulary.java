package dev.lungo.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A vocabulary in GPT-2's byte alphabet (`Ġthe`), as `tokenizer.json` and GGUF hold it, turned
/// into bytes and ids.
///
/// Added tokens have no bytes here, unless merges form them, too. A text with other characters than
/// the alphabet's cannot be composed of bytes: such a token is there and is never formed.
///
/// @param tokens the bytes of each id
/// @param merges left id, right id and resulting id of each merge
record AlphabetVocabulary(List<byte[]> tokens, int[] merges) {

  /// @param ids the id of each text
  /// @param mergeParts left and right text of each merge, one after the other, best first
  /// @param added the tokens that are found before anything else
  /// @throws IllegalArgumentException if an id has two texts, or a merge names a text that is not
  ///   there
  static AlphabetVocabulary of(
      Map<String, Integer> ids, List<String> mergeParts, List<AddedToken> added) {
    int[] merges = merges(ids, mergeParts);
    BitSet composed = new BitSet();
    for (int id : merges) {
      composed.set(id);
    }
    Set<Integer> addedIds = new HashSet<>();
    added.forEach(token -> addedIds.add(token.id()));
    int largest = -1;
    for (int id : ids.values()) {
      largest = Math.max(largest, id);
    }
    List<byte[]> tokens = new ArrayList<>();
    for (int id = 0; id <= largest; id++) {
      tokens.add(new byte[0]);
    }
    BitSet seen = new BitSet();
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      int id = entry.getValue();
      String text = entry.getKey();
      if (seen.get(id)) {
        throw new IllegalArgumentException(
            "id " + id + " is there twice, once as \"" + text + "\"");
      }
      seen.set(id);
      if (composed.get(id) || !addedIds.contains(id) && ByteAlphabet.covers(text)) {
        tokens.set(id, ByteAlphabet.read(text));
      }
    }
    return new AlphabetVocabulary(tokens, merges);
  }

  private static int[] merges(Map<String, Integer> ids, List<String> parts) {
    int[] merges = new int[parts.size() / 2 * 3];
    for (int i = 0; i < parts.size() / 2; i++) {
      String left = parts.get(2 * i);
      String right = parts.get(2 * i + 1);
      merges[3 * i] = idOf(left, i, ids);
      merges[3 * i + 1] = idOf(right, i, ids);
      merges[3 * i + 2] = idOf(left + right, i, ids);
    }
    return merges;
  }

  private static int idOf(String text, int merge, Map<String, Integer> ids) {
    Integer id = ids.get(text);
    if (id == null) {
      throw new IllegalArgumentException(
          "merge " + merge + " needs \"" + text + "\", which is not in the vocabulary");
    }
    return id;
  }
}
