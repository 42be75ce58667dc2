package dev.lungo.tokenizer;

import java.util.Arrays;

/// Finds, for a vocabulary whose ids are ranks, the list of merges that other formats want.
final class RankedMerges {
  private RankedMerges() {}

  /// Returns left, right and resulting id of one merge for each token of two bytes or more, in the
  /// order of the ids: the two parts that encoding the token would join last. A token that encoding
  /// cannot form has no merge.
  static int[] of(Vocabulary vocabulary) {
    int[] merges = new int[vocabulary.size() * 3];
    int size = 0;
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.lengthOf(id) > 1) {
        int[] parts = lastParts(vocabulary, vocabulary.bytesOf(id), id);
        if (parts.length == 2) {
          merges[size++] = parts[0];
          merges[size++] = parts[1];
          merges[size++] = id;
        }
      }
    }
    return Arrays.copyOf(merges, size);
  }

  /// Encodes `token` with the ranks below `limit` only.
  private static int[] lastParts(Vocabulary vocabulary, byte[] token, int limit) {
    int[] starts = new int[token.length + 1];
    Arrays.setAll(starts, i -> i);
    int count = token.length;
    while (count > 2) {
      int best = limit;
      int at = -1;
      for (int i = 0; i + 2 <= count; i++) {
        int joined = vocabulary.find(token, starts[i], starts[i + 2]);
        if (joined >= 0 && joined < best) {
          best = joined;
          at = i;
        }
      }
      if (at < 0) {
        break;
      }
      System.arraycopy(starts, at + 2, starts, at + 1, count - at - 1);
      count--;
    }
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = vocabulary.find(token, starts[i], starts[i + 1]);
    }
    return ids;
  }
}
