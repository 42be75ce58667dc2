package dev.lungo.generate;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.model.LanguageModel;
import dev.lungo.op.Pass;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import dev.lungo.weights.ModelFiles;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/// How well a model foresees a text: exp of the mean loss per token, and bits per byte, which does
/// not depend on the tokenizer.
///
/// The text is read in windows that overlap by half, and of each but the first only the second half
/// counts: every token that counts has at least half a window before it.
public final class Perplexity implements AutoCloseable {
  /// Rows whose logits are in memory at once.
  private static final int ROWS = 32;

  private final Kernels kernels;
  private final LanguageModel model;
  private final Tokenizer tokenizer;
  private final Workspace workspace = new Workspace("perplexity");

  /// What a text costs.
  ///
  /// @param perplexity exp(Σ nats / tokens)
  /// @param bitsPerByte Σ nats / (ln 2 · bytes of text)
  /// @param tokens that count: all but the first, where nothing stands before a text
  /// @param bytes of text that they stand for
  /// @param context positions of a window
  public record Result(
      double perplexity, double bitsPerByte, double nats, long tokens, long bytes, int context) {}

  /// Hears how far it is.
  @FunctionalInterface
  public interface Progress {
    void tokens(long done, long all);
  }

  private Perplexity(Kernels kernels, LanguageModel model, Tokenizer tokenizer) {
    this.kernels = kernels;
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /// Opens a model ([ModelFiles]) with the tokenizer that is in its file or beside it.
  public static Perplexity open(Path path, int threads) throws IOException {
    Tokenizer tokenizer = TokenizerFiles.load(TextGeneration.tokenizerOf(path));
    Kernels kernels = KernelChoice.open(threads);
    try {
      return new Perplexity(kernels, ModelFiles.load(path), tokenizer);
    } catch (IOException | RuntimeException failed) {
      kernels.close();
      throw failed;
    }
  }

  /// Measures a text.
  ///
  /// @param utf8 the text
  /// @param context positions of a window; 0 takes as many as the model has, up to 2,048
  /// @param most tokens to measure at most
  /// @throws IllegalArgumentException if the text is too short to predict anything
  public Result of(byte[] utf8, int context, long most, Progress progress) {
    int window = context == 0 ? Math.min(2048, model.config().context()) : context;
    if (window < 2 || window > model.config().context()) {
      throw new IllegalArgumentException(
          "context must be between 2 and the model's "
              + model.config().context()
              + ", but is "
              + window);
    }
    int[] ids = ids(utf8);
    int length = (int) Math.min(ids.length, Math.max(2, most + 1));
    if (length < 2) {
      throw new IllegalArgumentException("the text is too short: it has no token to predict");
    }
    int[] bytes = tokenizer.byteCounts();
    double nats = 0;
    long textBytes = 0;
    int counted = 1;
    int start = 0;
    while (counted < length) {
      int end = Math.min(length, start + window);
      // Position i predicts id i + 1; those before `counted` were the window before's.
      nats += nats(Arrays.copyOfRange(ids, start, end), counted - start);
      for (int i = counted; i < end; i++) {
        textBytes += bytes[ids[i]];
      }
      counted = end;
      start = Math.max(start + 1, counted - window / 2);
      progress.tokens(counted, length);
    }
    long tokens = length - 1;
    return new Result(
        Math.exp(nats / tokens), nats / (Math.log(2) * textBytes), nats, tokens, textBytes, window);
  }

  /// The text's ids, after the token that begins texts or else the one that ends them.
  private int[] ids(byte[] utf8) {
    int[] text = tokenizer.encode(new String(utf8, StandardCharsets.UTF_8), SpecialMode.TEXT);
    OptionalInt first =
        tokenizer.beginOfText().isPresent() ? tokenizer.beginOfText() : tokenizer.endOfText();
    if (first.isEmpty()) {
      return text;
    }
    int[] ids = new int[text.length + 1];
    ids[0] = first.getAsInt();
    System.arraycopy(text, 0, ids, 1, text.length);
    return ids;
  }

  /// Sums the losses of ids `from` to the last of a window.
  private double nats(int[] window, int from) {
    workspace.reset();
    model.parameters().requireWhole();
    int length = window.length - 1;
    int[] input = Arrays.copyOf(window, length);
    Pass pass = Pass.inference(kernels, workspace);
    Tensor ids = workspace.allocate(Shape.of(1, length), DType.INT32).set(input);
    Tensor hidden = model.hidden(pass, ids, Optional.empty()).view(length, model.config().width());
    double nats = 0;
    for (int row = from - 1; row < length; row += ROWS) {
      int rows = Math.min(ROWS, length - row);
      Tensor logits = model.logits(pass, hidden.rows(row, row + rows));
      for (int i = 0; i < rows; i++) {
        nats += loss(logits, i, window[row + i + 1]);
      }
    }
    return nats;
  }

  private double loss(Tensor logits, int row, int target) {
    int vocabulary = model.config().vocabulary();
    long at = (long) row * vocabulary;
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < vocabulary; i++) {
      largest = Math.max(largest, logits.data().getAtIndex(ValueLayout.JAVA_FLOAT, at + i));
    }
    double sum = 0;
    for (int i = 0; i < vocabulary; i++) {
      sum += Math.exp(logits.data().getAtIndex(ValueLayout.JAVA_FLOAT, at + i) - largest);
    }
    return Math.log(sum) + largest - logits.data().getAtIndex(ValueLayout.JAVA_FLOAT, at + target);
  }

  @Override
  public void close() {
    model.close();
    kernels.close();
    workspace.close();
  }
}
