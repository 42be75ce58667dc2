package dev.lungo.generate;

import dev.lungo.generate.TextGeneration.Finish;
import dev.lungo.generate.TextGeneration.Result;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// One answer while it is written.
final class Answer implements AutoCloseable {
  private final Prefill prompt;
  private final Optional<Generator> draft;
  private final TokenSource tokens;
  private final Optional<SpeculativeTokens> speculative;
  private final Optional<LogProbs> logProbs;
  private final AnswerText text;
  private final long started;
  private boolean closed;

  Answer(Generation wanted, Consumer<String> sink) {
    TextGeneration model = wanted.model();
    if (wanted.draft().isPresent()) {
      SpeculativeTokens.check(wanted.sampling(), wanted.draftTokens());
    }
    logProbs = wanted.newLogProbs();
    Sampler sampler = new Sampler(wanted.sampling(), model.model().config().vocabulary());
    prompt = wanted.prefill(1);
    try {
      int[] ids = prompt.ids();
      for (int id : ids) {
        sampler.accept(id);
      }
      text = new AnswerText(model.tokenizer(), ids, wanted.tokens(), wanted.stops(), sink);
      draft = wanted.draft().map(smaller -> draft(wanted, smaller));
      speculative =
          draft.map(generator ->
              new SpeculativeTokens(
                  prompt.generator(),
                  generator,
                  ids,
                  prompt.logits(),
                  wanted.sampling(),
                  sampler,
                  wanted.draftTokens(),
                  logProbs));
      tokens =
          speculative.isPresent()
              ? speculative.get()
              : new PlainTokens(prompt.generator(), prompt.logits(), sampler, logProbs);
    } catch (RuntimeException failed) {
      prompt.close();
      throw failed;
    }
    started = System.nanoTime();
  }

  private Generator draft(Generation wanted, TextGeneration smaller) {
    int capacity = Math.min(prompt.generator().capacity(), smaller.model().config().context());
    return smaller.generatorOn(wanted.model().kernels(), capacity, 1, wanted.cacheType());
  }

  /// Adds a token.
  ///
  /// @return whether the text goes on
  boolean advance() {
    if (closed || text.finish().isPresent()) {
      return false;
    }
    OptionalInt id = tokens.next();
    return id.isPresent() ? text.take(id.getAsInt()) : text.end(Finish.CONTEXT);
  }

  /// Returns what was written, once it has ended.
  Result result() {
    double seconds = (System.nanoTime() - started) / 1e9;
    return new Result(
        text.text(),
        prompt.ids().length,
        text.tokens(),
        text.finish().orElseThrow(() -> new IllegalStateException("the text has not ended")),
        prompt.seconds(),
        text.tokens() / seconds,
        // A verified block may go beyond the end of the text.
        logProbs.map(log -> log.tokens().subList(0, text.tokens())),
        prompt.cached(),
        speculative.map(SpeculativeTokens::drafts));
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      prompt.close();
      draft.ifPresent(Generator::close);
    }
  }
}
