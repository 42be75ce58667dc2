package dev.lungo.generate;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.Tensor;
import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.StreamingDecoder;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// A model with its tokenizer, ready to continue texts.
public final class TextGeneration implements AutoCloseable {
  private final Kernels kernels;
  private final LanguageModel model;
  private final Tokenizer tokenizer;

  /// Why a text ended.
  public enum Finish {
    /// As many tokens as were asked for.
    LENGTH,
    /// The model ended the text.
    END_OF_TEXT,
    /// A stop string came.
    STOP,
    /// The model's context is full.
    CONTEXT
  }

  /// What was generated.
  ///
  /// @param text without the prompt
  /// @param tokens generated, the end of the text included
  public record Result(
      String text,
      int promptTokens,
      int tokens,
      Finish finish,
      double promptSeconds,
      double tokensPerSecond) {
    /// Returns one line for people.
    public String summary() {
      return String.format(
          Locale.ROOT,
          "%d tokens after a prompt of %d in %.2f s, %.0f tokens/s, ended by %s",
          tokens,
          promptTokens,
          promptSeconds,
          tokensPerSecond,
          finish.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }
  }

  private TextGeneration(Kernels kernels, LanguageModel model, Tokenizer tokenizer) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /// Opens a model ([ModelFiles]) with the tokenizer that is in its file or beside it.
  public static TextGeneration open(Path path, int threads) throws IOException {
    boolean carriesTokenizer = Files.isDirectory(path) || path.toString().endsWith(".gguf");
    Path beside = path.toAbsolutePath().getParent();
    Tokenizer tokenizer = TokenizerFiles.load(carriesTokenizer || beside == null ? path : beside);
    Kernels kernels = KernelChoice.open(threads);
    try {
      return new TextGeneration(kernels, ModelFiles.load(path), tokenizer);
    } catch (IOException | RuntimeException failed) {
      kernels.close();
      throw failed;
    }
  }

  /// Continues a text.
  ///
  /// @param prompt may be empty where the tokenizer knows a token that begins or ends texts
  /// @param count most tokens to add
  /// @param stops texts before which to stop
  /// @param sink gets the text piece by piece as it comes
  /// @throws IllegalArgumentException if the prompt does not fit the context
  public Result run(
      String prompt,
      int count,
      Sampler.Settings settings,
      List<String> stops,
      Consumer<String> sink) {
    if (count < 1) {
      throw new IllegalArgumentException("tokens to generate must be at least 1, but are " + count);
    }
    int[] ids = promptIds(prompt);
    int context = model.config().context();
    if (ids.length >= context) {
      throw new IllegalArgumentException(
          "the prompt has "
              + ids.length
              + " tokens, but the model's context is "
              + context
              + " positions; shorten it");
    }
    try (Generator generator =
        new Generator(kernels, model, (int) Math.min(context, (long) ids.length + count))) {
      return new Answer(generator, settings, stops, sink).write(ids, count);
    }
  }

  private int[] promptIds(String prompt) {
    int[] ids = tokenizer.encode(prompt, SpecialMode.FRAME);
    if (ids.length > 0) {
      return ids;
    }
    OptionalInt first = tokenizer.beginOfText();
    if (first.isEmpty()) {
      first = tokenizer.endOfText();
    }
    return new int[] {
      first.orElseThrow(() ->
          new IllegalArgumentException(
              "this tokenizer has no token to begin a text with; give a prompt"))
    };
  }

  /// One answer while it is written.
  private final class Answer {
    private final Generator generator;
    private final Sampler sampler;
    private final StopStrings stops;
    private final StreamingDecoder decoder = tokenizer.streamingDecoder();
    private final Consumer<String> sink;
    private final StringBuilder text = new StringBuilder();

    Answer(
        Generator generator, Sampler.Settings settings, List<String> stops, Consumer<String> sink) {
      this.generator = generator;
      this.sampler = new Sampler(settings, model.config().vocabulary());
      this.stops = new StopStrings(stops);
      this.sink = sink;
    }

    Result write(int[] ids, int count) {
      for (int id : ids) {
        sampler.accept(id);
      }
      long started = System.nanoTime();
      Tensor logits = generator.feed(ids);
      long prompted = System.nanoTime();
      Finish finish = Finish.LENGTH;
      int generated = 0;
      while (generated < count) {
        int id = sampler.next(logits.data());
        generated++;
        if (tokenizer.endOfText().isPresent() && tokenizer.endOfText().getAsInt() == id) {
          finish = Finish.END_OF_TEXT;
          break;
        }
        sampler.accept(id);
        emit(stops.push(id < tokenizer.vocabularySize() ? decoder.accept(id) : ""));
        if (stops.stopped()) {
          finish = Finish.STOP;
          break;
        }
        if (generated < count) {
          if (generator.position() == model.config().context()) {
            finish = Finish.CONTEXT;
            break;
          }
          logits = generator.feed(id);
        }
      }
      if (!stops.stopped()) {
        emit(stops.push(decoder.finish()));
        emit(stops.finish());
      }
      double seconds = (System.nanoTime() - prompted) / 1e9;
      return new Result(
          text.toString(),
          ids.length,
          generated,
          finish,
          (prompted - started) / 1e9,
          generated / seconds);
    }

    private void emit(String piece) {
      if (!piece.isEmpty()) {
        text.append(piece);
        sink.accept(piece);
      }
    }
  }

  @Override
  public void close() {
    model.close();
    kernels.close();
  }
}
