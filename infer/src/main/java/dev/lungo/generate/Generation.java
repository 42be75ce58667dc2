package dev.lungo.generate;

import dev.lungo.generate.TextGeneration.Result;
import dev.lungo.nn.RollingWindow;
import dev.lungo.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/// A continuation of a prompt: first what is wanted, then one of [#run], [#stream], [#text],
/// [#samples] and [#beams], each of which runs the model anew.
///
/// Unless told otherwise, 200 tokens at temperature 0.7 among the 40 likeliest.
public final class Generation {
  private final TextGeneration model;
  private final String prompt;
  private int tokens = 200;
  private Sampler.Settings sampling = new Sampler.Settings(0.7f, 40, 1, 0, 1, 64, 42);
  private List<String> stops = List.of();
  private DType cacheType = DType.FLOAT32;
  private Optional<Integer> alternatives = Optional.empty();
  private Optional<Path> promptCache = Optional.empty();
  private Consumer<String> messages = message -> {};
  private PromptListener promptListener = (read, all) -> {};
  private Optional<TextGeneration> draft = Optional.empty();
  private int draftTokens;
  private Optional<RollingWindow> rolling = Optional.empty();

  Generation(TextGeneration model, String prompt) {
    this.model = model;
    this.prompt = prompt;
  }

  /// Adds at most so many tokens.
  public Generation tokens(int most) {
    if (most < 1) {
      throw new IllegalArgumentException("tokens to generate must be at least 1, but are " + most);
    }
    tokens = most;
    return this;
  }

  /// Chooses tokens in this way.
  public Generation sampling(Sampler.Settings settings) {
    sampling = settings;
    return this;
  }

  /// Takes the likeliest token each time.
  public Generation greedy() {
    sampling = Sampler.Settings.GREEDY;
    return this;
  }

  /// Starts the random numbers from this seed.
  public Generation seed(long seed) {
    sampling = sampling.withSeed(seed);
    return this;
  }

  /// Stops before any of these texts.
  public Generation stops(List<String> texts) {
    stops = List.copyOf(texts);
    return this;
  }

  /// Keeps keys and values in FLOAT32, FLOAT16 or Q8_0.
  public Generation cacheType(DType type) {
    cacheType = type;
    return this;
  }

  /// Takes down each token's log-probability, and as many alternatives.
  public Generation logProbs(int alternatives) {
    this.alternatives = Optional.of(alternatives);
    return this;
  }

  /// Keeps the prompt's keys and values in a file, and uses what such a file has of the prompt.
  ///
  /// @param messages gets a line when the file cannot be used
  public Generation promptCache(Path file, Consumer<String> messages) {
    promptCache = Optional.of(file);
    this.messages = messages;
    return this;
  }

  /// Tells how far a long prompt is read.
  public Generation promptListener(PromptListener listener) {
    promptListener = listener;
    return this;
  }

  /// Lets a smaller model with the same vocabulary propose tokens, which this one verifies.
  ///
  /// @param atOnce how many to propose, 1 to 11
  public Generation draft(TextGeneration smaller, int atOnce) {
    DraftVocabulary.check(model, smaller);
    draft = Optional.of(smaller);
    draftTokens = atOnce;
    return this;
  }

  /// Generates, and passes each piece of text on as it comes.
  public Result run(Consumer<String> sink) {
    try (Answer answer = new Answer(this, sink)) {
      while (answer.advance()) {
        // The text goes to the sink.
      }
      return answer.result();
    }
  }

  /// Generates, and returns the text.
  public String text() {
    return run(piece -> {}).text();
  }

  /// Generates piece by piece, as the pieces are taken. Close the stream if it is not read to its
  /// end.
  public Stream<String> stream() {
    StringBuilder waiting = new StringBuilder();
    Answer answer = new Answer(this, waiting::append);
    Iterator<String> pieces =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            boolean goesOn = true;
            while (waiting.isEmpty() && goesOn) {
              goesOn = answer.advance();
            }
            if (waiting.isEmpty()) {
              answer.close();
            }
            return !waiting.isEmpty();
          }

          @Override
          public String next() {
            if (!hasNext()) {
              throw new NoSuchElementException("the text has ended");
            }
            String piece = waiting.toString();
            waiting.setLength(0);
            return piece;
          }
        };
    int properties = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(pieces, properties), false)
        .onClose(answer::close);
  }

  /// Generates several continuations together: number i is what a run with seed + i gives.
  public List<Result> samples(int count) {
    return new SampleBatch(this).run(count);
  }

  /// Finds the most probable continuations by beam search, best first. Sampling settings and stop
  /// texts do not apply.
  ///
  /// @param lengthPenalty above 0 favours long ones; 0 compares log-probabilities as they are
  public List<BeamResult> beams(int count, double lengthPenalty) {
    return BeamResult.search(this, count, lengthPenalty);
  }

  /// Keeps only a window of keys and values and those of the first positions, so that prompt and
  /// text may be of any length. For one continuation, without a draft or a prompt cache.
  public Generation rolling(RollingWindow window) {
    rolling = Optional.of(window);
    return this;
  }

  TextGeneration model() {
    return model;
  }

  int tokens() {
    return tokens;
  }

  Sampler.Settings sampling() {
    return sampling;
  }

  List<String> stops() {
    return stops;
  }

  DType cacheType() {
    return cacheType;
  }

  Optional<TextGeneration> draft() {
    return draft;
  }

  int draftTokens() {
    return draftTokens;
  }

  /// Returns what takes log-probabilities down, if they are wanted.
  Optional<LogProbs> newLogProbs() {
    return alternatives.map(
        top -> new LogProbs(model.tokenizer(), model.model().config().vocabulary(), top));
  }

  /// Reads the prompt.
  ///
  /// @param sequences that the generator must have room for
  Prefill prefill(int sequences) {
    if (rolling.isPresent()) {
      if (sequences > 1 || draft.isPresent() || promptCache.isPresent()) {
        throw new IllegalArgumentException(
            "a rolling window serves one continuation, without samples, beams, a draft model or a"
                + " prompt cache");
      }
      return Prefill.of(model, model.promptIds(prompt), rolling.get(), cacheType, promptListener);
    }
    try {
      return Prefill.of(
          model,
          model.promptIds(prompt),
          tokens,
          sequences,
          cacheType,
          promptCache.map(file -> new PromptCache(file, model.fingerprint(), messages)),
          promptListener);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
