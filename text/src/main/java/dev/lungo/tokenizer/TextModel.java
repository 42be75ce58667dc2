package dev.lungo.tokenizer;

import java.util.Map;
import java.util.OptionalInt;

/// Turns a piece of prepared text into tokens: the model of a [PipelineTokenizer]. Safe for any
/// number of threads.
sealed interface TextModel permits SymbolPairModel, UnigramModel {
  /// Appends the ids of `piece`, which is not empty.
  void encode(String piece, TokenBuffer out);

  /// Returns one more than the largest id.
  int size();

  /// Returns the text of `id`, empty where the model has none.
  String textOf(int id);

  /// Finds the id of a text.
  OptionalInt idOf(String text);

  /// Finds the ids of the byte tokens `<0x00>` to `<0xFF>`, -1 for those that are not there.
  static int[] byteIds(Map<String, Integer> ids) {
    int[] byteIds = new int[256];
    for (int b = 0; b < 256; b++) {
      byteIds[b] = ids.getOrDefault("<0x%02X>".formatted(b), -1);
    }
    return byteIds;
  }
}
