package dev.lungo.generate;

import dev.lungo.tokenizer.Tokenizer;
import java.util.Arrays;

/// Compares the vocabularies of two models: proposals make sense only if an id is the same token in
/// both.
final class DraftVocabulary {
  private DraftVocabulary() {}

  /// @throws IllegalArgumentException if the draft's vocabulary is another
  static void check(TextGeneration model, TextGeneration draft) {
    int size = model.model().config().vocabulary();
    int other = draft.model().config().vocabulary();
    if (size != other) {
      throw new IllegalArgumentException(
          "the draft model has a vocabulary of "
              + other
              + " tokens, but the model has "
              + size
              + "; take a draft of the same family");
    }
    Tokenizer ours = model.tokenizer();
    Tokenizer theirs = draft.tokenizer();
    for (int id = 0; id < Math.max(ours.vocabularySize(), theirs.vocabularySize()); id++) {
      if (!Arrays.equals(bytes(ours, id), bytes(theirs, id))) {
        throw new IllegalArgumentException(
            "token "
                + id
                + " of the draft model is another than the model's; take a draft with"
                + " the same tokenizer");
      }
    }
  }

  private static byte[] bytes(Tokenizer tokenizer, int id) {
    return id < tokenizer.vocabularySize() ? tokenizer.bytesOf(id) : new byte[0];
  }
}
