package dev.lungo.generate;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.KvCacheSize;
import dev.lungo.model.LanguageModel;
import dev.lungo.tensor.DType;
import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// A model with its tokenizer, ready to continue, score and embed texts.
///
/// ```java
/// try (TextGeneration model = TextGeneration.open(Path.of("runs/java-d3"))) {
///   model.generate("public static").tokens(40).seed(7).stream().forEach(System.out::print);
/// }
/// ```
public final class TextGeneration implements AutoCloseable {
  private final Kernels kernels;
  private final LanguageModel model;
  private final Tokenizer tokenizer;
  private final ModelFingerprint fingerprint;

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
  /// @param logProbs of each token, if asked for
  /// @param cachedTokens of the prompt that a prompt cache had, if there is one
  /// @param drafts what a draft model proposed, if there is one
  public record Result(
      String text,
      int promptTokens,
      int tokens,
      Finish finish,
      double promptSeconds,
      double tokensPerSecond,
      Optional<List<TokenLogProbs>> logProbs,
      Optional<Integer> cachedTokens,
      Optional<Drafts> drafts) {
    /// Returns one line for people.
    public String summary() {
      String line =
          String.format(
              Locale.ROOT,
              "%d tokens after a prompt of %d in %.2f s, %.0f tokens/s, ended by %s",
              tokens,
              promptTokens,
              promptSeconds,
              tokensPerSecond,
              finish.name().toLowerCase(Locale.ROOT).replace('_', ' '));
      if (cachedTokens.isPresent()) {
        line += String.format(Locale.ROOT, ", %d of the prompt cached", cachedTokens.get());
      }
      if (drafts.isPresent()) {
        line +=
            String.format(
                Locale.ROOT,
                ", %d of %d drafted tokens taken (%.0f %%)",
                drafts.get().accepted(),
                drafts.get().proposed(),
                100 * drafts.get().acceptanceRate());
      }
      return line;
    }
  }

  private TextGeneration(
      Kernels kernels, LanguageModel model, Tokenizer tokenizer, ModelFingerprint fingerprint) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
    this.fingerprint = fingerprint;
  }

  /// Opens a model on as many threads as the machine has cores.
  public static TextGeneration open(Path path) throws IOException {
    return open(path, Runtime.getRuntime().availableProcessors());
  }

  /// Opens a model ([ModelFiles]) with the tokenizer that is in its file or beside it.
  public static TextGeneration open(Path path, int threads) throws IOException {
    Tokenizer tokenizer = TokenizerFiles.load(tokenizerOf(path));
    Kernels kernels = KernelChoice.open(threads);
    try {
      LanguageModel model = ModelFiles.load(path);
      return new TextGeneration(
          kernels, model, tokenizer, ModelFingerprint.of(path, model.config()));
    } catch (IOException | RuntimeException failed) {
      kernels.close();
      throw failed;
    }
  }

  /// Starts to describe a continuation of a text, which runs when it is asked for its results.
  ///
  /// @param prompt may be empty where the tokenizer knows a token that begins or ends texts
  public Generation generate(String prompt) {
    return new Generation(this, prompt);
  }

  /// Returns where a model's tokenizer is: in its file or folder, or else beside it.
  static Path tokenizerOf(Path path) {
    boolean carriesTokenizer = Files.isDirectory(path) || path.toString().endsWith(".gguf");
    Path beside = path.toAbsolutePath().getParent();
    return carriesTokenizer || beside == null ? path : beside;
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
    return generate(prompt).tokens(count).sampling(settings).stops(stops).run(sink);
  }

  /// Computes how probable the model finds a text.
  ///
  /// @param top how many alternatives to name for each token
  public TextScore score(String text, int top) {
    return TextScore.of(this, text, top);
  }

  /// Computes one vector for a text from the hidden states of its tokens.
  ///
  /// @param normalized whether it gets length 1
  public float[] embed(String text, TextEmbedding.Pooling pooling, boolean normalized) {
    return TextEmbedding.of(this, text, pooling, normalized);
  }

  /// Returns the memory that each token of a running text takes: its keys and values in all layers.
  ///
  /// @param cacheType FLOAT32, FLOAT16 or Q8_0
  public long cacheBytesPerToken(DType cacheType) {
    return KvCacheSize.bytesPerToken(model.config(), cacheType);
  }

  /// Returns the ids of a text, with those that frame it.
  int[] promptIds(String prompt) {
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

  /// Reserves a generator that runs this model.
  Generator generator(int capacity, int sequences, DType cacheType) {
    return generatorOn(kernels, capacity, sequences, cacheType);
  }

  /// Reserves a generator that runs this model on the threads of another.
  Generator generatorOn(Kernels others, int capacity, int sequences, DType cacheType) {
    return new Generator(others, model, capacity, sequences, cacheType);
  }

  Kernels kernels() {
    return kernels;
  }

  LanguageModel model() {
    return model;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  ModelFingerprint fingerprint() {
    return fingerprint;
  }

  @Override
  public void close() {
    model.close();
    kernels.close();
  }
}
