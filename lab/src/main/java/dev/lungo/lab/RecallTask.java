package dev.lungo.lab;

import dev.lungo.kernel.LossKernels;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.train.BatchSource;
import java.util.Arrays;

/// The task of remembering (after Hochreiter and Schmidhuber 1997): a symbol, then tokens that do
/// not matter, then a question; the answer is the symbol. Only the answer counts.
///
/// @param lag steps from the symbol to the question
record RecallTask(int lag, long seed) {
  /// Symbols that can be asked for; guessing is right once in so many times.
  static final int SYMBOLS = 8;

  private static final int DISTRACTIONS = 8;
  private static final int QUESTION = SYMBOLS + DISTRACTIONS;

  static final int VOCABULARY = QUESTION + 1;

  /// Returns how many tokens a sequence has.
  int length() {
    return lag + 1;
  }

  /// Deals sequences; each has a number of its own, so that the same index gives the same batch.
  BatchSource batches() {
    return (index, ids, targets) -> {
      int[] row = new int[length()];
      int[] answers = new int[length()];
      Arrays.fill(answers, LossKernels.IGNORED);
      int rows = ids.shape().rows();
      for (int i = 0; i < rows; i++) {
        RandomNumbers random = new RandomNumbers(RandomNumbers.mix(seed + index * rows + i));
        for (int t = 1; t < lag; t++) {
          row[t] = SYMBOLS + random.nextInt(DISTRACTIONS);
        }
        row[0] = random.nextInt(SYMBOLS);
        row[lag] = QUESTION;
        answers[lag] = row[0];
        ids.setRow(i, row, 0);
        targets.setRow(i, answers, 0);
      }
    };
  }
}
