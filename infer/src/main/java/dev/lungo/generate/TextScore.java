package dev.lungo.generate;

import dev.lungo.tensor.DType;
import dev.lungo.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// How probable a model finds a text. Its first token has no probability, unless the tokenizer puts
/// a token that begins texts before it.
///
/// @param tokens that were scored
/// @param logProb log-probability of the text, in nats
/// @param perplexity exp(-logProb / tokens)
/// @param bitsPerByte -logProb / (ln 2 · bytes of the text in UTF-8)
/// @param logProbs of each scored token
public record TextScore(
    int tokens,
    double logProb,
    double perplexity,
    double bitsPerByte,
    List<TokenLogProbs> logProbs) {
  /// Rows whose logits are computed at once: of a large vocabulary they take much memory.
  private static final int ROWS = 32;

  static TextScore of(TextGeneration model, String text, int top) {
    int[] ids = model.promptIds(text);
    if (ids.length < 2) {
      throw new IllegalArgumentException(
          "a text of " + ids.length + " tokens cannot be scored: give a longer one");
    }
    int vocabulary = model.model().config().vocabulary();
    LogProbs log = new LogProbs(model.tokenizer(), vocabulary, top);
    try (Generator generator = model.generator(ids.length, 1, DType.FLOAT32)) {
      generator.read(
          ids,
          (first, states) -> {
            int count = Math.min(states.shape().dimension(0), ids.length - 1 - first);
            for (int row = 0; row < count; row += ROWS) {
              int end = Math.min(count, row + ROWS);
              Tensor logits = generator.logits(states.rows(row, end));
              for (int i = row; i < end; i++) {
                log.record(logits.rows(i - row, i - row + 1).data(), ids[first + i + 1]);
              }
            }
          });
    }
    double sum = 0;
    for (TokenLogProbs token : log.tokens()) {
      sum += token.logProb();
    }
    int tokens = ids.length - 1;
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    return new TextScore(
        tokens, sum, Math.exp(-sum / tokens), -sum / (Math.log(2) * bytes), log.tokens());
  }
}
