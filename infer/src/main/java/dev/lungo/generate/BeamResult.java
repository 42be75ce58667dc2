package dev.lungo.generate;

import dev.lungo.generate.TextGeneration.Finish;
import dev.lungo.tokenizer.StreamingDecoder;
import java.util.ArrayList;
import java.util.List;

/// A continuation that beam search found.
///
/// @param text without the prompt
/// @param tokens the end of the text included
/// @param logProb sum of the tokens' log-probabilities, in nats
/// @param score logProb / ((5 + tokens) / 6)^penalty, by which continuations are ranked
public record BeamResult(
    String text, int promptTokens, int tokens, Finish finish, double logProb, double score) {

  static List<BeamResult> search(Generation wanted, int beams, double penalty) {
    if (wanted.draft().isPresent()) {
      throw new IllegalArgumentException("beam search takes no draft model");
    }
    BeamSearch.check(beams, penalty);
    TextGeneration model = wanted.model();
    List<BeamResult> results = new ArrayList<>();
    try (Prefill prompt = wanted.prefill(beams)) {
      BeamSearch search =
          new BeamSearch(
              prompt.generator(),
              model.tokenizer().generationEnds(),
              beams,
              penalty,
              wanted.tokens());
      for (BeamSearch.Hypothesis found : search.search(prompt.logits())) {
        Finish finish =
            found.ended()
                ? Finish.END_OF_TEXT
                : found.ids().length == wanted.tokens() ? Finish.LENGTH : Finish.CONTEXT;
        results.add(
            new BeamResult(
                text(model, prompt.ids(), found),
                prompt.ids().length,
                found.ids().length,
                finish,
                found.logProb(),
                found.score()));
      }
    }
    return results;
  }

  private static String text(TextGeneration model, int[] prompt, BeamSearch.Hypothesis found) {
    StreamingDecoder decoder = model.tokenizer().streamingDecoder();
    for (int id : prompt) {
      decoder.accept(id);
    }
    StringBuilder text = new StringBuilder();
    int end = found.ids().length - (found.ended() ? 1 : 0);
    for (int i = 0; i < end; i++) {
      int id = found.ids()[i];
      text.append(id < model.tokenizer().vocabularySize() ? decoder.accept(id) : "");
    }
    return text.append(decoder.finish()).toString();
  }
}
