package dev.lungo.generate;

import dev.lungo.tensor.Tensor;
import java.util.Optional;
import java.util.OptionalInt;

/// Each id from the logits of the one before.
final class PlainTokens implements TokenSource {
  private final Generator generator;
  private final Sampler sampler;
  private final Optional<LogProbs> logProbs;
  private Tensor logits;
  private OptionalInt fed = OptionalInt.empty();

  /// @param logits of what follows the prompt
  PlainTokens(Generator generator, Tensor logits, Sampler sampler, Optional<LogProbs> logProbs) {
    this.generator = generator;
    this.logits = logits;
    this.sampler = sampler;
    this.logProbs = logProbs;
  }

  @Override
  public OptionalInt next() {
    if (fed.isPresent()) {
      if (generator.isFull()) {
        return OptionalInt.empty();
      }
      logits = generator.feed(fed.getAsInt());
    }
    int id = sampler.next(logits.data());
    logProbs.ifPresent(log -> log.record(logits.data(), id));
    sampler.accept(id);
    fed = OptionalInt.of(id);
    return fed;
  }
}
