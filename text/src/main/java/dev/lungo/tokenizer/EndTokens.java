package dev.lungo.tokenizer;

import java.util.List;
import java.util.TreeSet;

/// The tokens after which generation stops, found by what models call them.
final class EndTokens {
  private static final List<String> NAMES =
      List.of(
          "<|endoftext|>",
          "<|end_of_text|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|return|>",
          "<|call|>",
          "<|calls|>",
          "<|flush|>",
          "<end_of_turn>",
          "<end_of_utterance>",
          "<EOT>",
          "[EOT]",
          "[EOS]",
          "<eos>",
          "</s>",
          "<\uff5cend\u2581of\u2581sentence\uff5c>");

  private EndTokens() {}

  /// Collects the end of text, tokens with a known name, and `more`.
  static int[] of(Tokenizer tokenizer, int... more) {
    TreeSet<Integer> ends = new TreeSet<>();
    tokenizer.endOfText().ifPresent(ends::add);
    for (String name : NAMES) {
      tokenizer.idOf(name).ifPresent(ends::add);
    }
    // Where a message ends with <|end|> and a turn with <|return|> or <|call|>, more follows
    // <|end|>.
    boolean messagesEnd =
        tokenizer.idOf("<|return|>").isPresent() && tokenizer.idOf("<|call|>").isPresent();
    if (messagesEnd) {
      tokenizer.idOf("<|end|>").ifPresent(ends::remove);
    }
    for (int id : more) {
      ends.add(id);
    }
    return ends.stream().mapToInt(Integer::intValue).toArray();
  }
}
