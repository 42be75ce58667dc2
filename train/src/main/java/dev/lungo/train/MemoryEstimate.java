package dev.lungo.train;

import dev.lungo.model.GemmaConfig;
import dev.lungo.model.Gpt2Config;
import dev.lungo.model.LlamaConfig;
import dev.lungo.model.ModelConfig;
import dev.lungo.model.OptConfig;
import dev.lungo.model.ParameterCount;
import dev.lungo.model.PositionScheme;
import dev.lungo.model.RecurrentConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// The memory that a run will take, known before it takes any.
///
/// @param parameters bytes of values and gradients
/// @param optimizer bytes of moments
/// @param activations bytes of one micro-batch's results and their gradients
public record MemoryEstimate(long parameters, long optimizer, long activations) {
  /// Rows of logits that exist at once; see the fused loss.
  private static final int LOGIT_ROWS = 256;

  /// Estimates a run.
  public static MemoryEstimate of(ModelConfig config, TrainingSettings settings) {
    long count = ParameterCount.of(config).total();
    long inner =
        count - (config.tiedEmbeddings() ? 1 : 2) * (long) config.vocabulary() * config.width();
    long moments =
        switch (settings.optimizer()) {
          case ADAMW -> 2 * count;
          case MUON -> 2 * count - inner;
        };
    return new MemoryEstimate(
        2 * count * Float.BYTES,
        moments * Float.BYTES,
        activations(config, settings.batch(), settings.context()));
  }

  /// Estimates the fine-tuning of some of a model's parameters, or of adapters, with AdamW.
  ///
  /// @param trained numbers that have gradients and moments
  /// @param batch texts of `length` tokens in a step
  public static MemoryEstimate ofTuning(ModelConfig config, long trained, int batch, int length) {
    return new MemoryEstimate(
        (ParameterCount.of(config).total() + 2 * trained) * Float.BYTES,
        2 * trained * Float.BYTES,
        activations(config, batch, length));
  }

  private static long activations(ModelConfig config, int batch, int length) {
    long rows = (long) batch * length;
    long width = config.width();
    long loss =
        Math.min(LOGIT_ROWS, rows) * (long) config.vocabulary()
            + (long) config.vocabulary() * width
            + rows * width
            + 3 * rows;
    long numbers = rows * (config.layers() * perLayer(config) + 4 * width) + loss;
    return numbers * Float.BYTES;
  }

  /// Counts the numbers that one position needs in one layer: each result, and each gradient that
  /// is not the memory of another (sums hand theirs on).
  private static long perLayer(ModelConfig config) {
    long width = config.width();
    long queries = (long) config.heads() * config.headDim();
    long keys = (long) config.kvHeads() * config.headDim();
    long inner = config.feedForward();
    return switch (config) {
      case LlamaConfig llama -> {
        long headNorms = llama.family().headNorms() ? 2 * (queries + keys) : 0;
        // Turned queries and keys are results of their own.
        long turned = llama.positions() == PositionScheme.ROPE ? 2 * (queries + keys) : 0;
        yield 10 * width
            + 4 * queries
            + 4 * keys
            + turned
            + 6 * inner
            + config.heads()
            + 2
            + headNorms;
      }
      case GemmaConfig _ -> 14 * width + 8 * queries + 8 * keys + 6 * inner + config.heads() + 4;
      case RecurrentConfig recurrent -> recurrentLayer(recurrent);
      case Gpt2Config _, OptConfig _ ->
          10 * width + 4 * queries + 4 * keys + 4 * inner + config.heads() + 4;
    };
  }

  /// Counts the gates, whose gradients take their memory; what a cell keeps besides; h and its
  /// gradient; and a layer's dropped inputs.
  private static long recurrentLayer(RecurrentConfig config) {
    long extra = config.cell().hasExtra() ? 1 : 0;
    return (config.cell().gates() + extra + 2L + (config.dropout() > 0 ? 2 : 0)) * config.width();
  }

  /// Returns the sum in bytes.
  public long total() {
    return parameters + optimizer + activations;
  }

  /// Refuses a run that this machine has no memory for.
  ///
  /// @throws IllegalArgumentException with advice
  public void check() {
    long available = availableBytes();
    if (total() > available) {
      throw new IllegalArgumentException(
          "this run needs "
              + this
              + ", but "
              + megabytes(available)
              + " are free; lower --batch, --context or --depth");
    }
  }

  /// Asks Linux what is free, caches included; elsewhere a refusal by the system has to do.
  private static long availableBytes() {
    Path file = Path.of("/proc/meminfo");
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
        if (line.startsWith("MemAvailable:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
        }
      }
    } catch (IOException | NumberFormatException notLinux) {
      return Long.MAX_VALUE;
    }
    return Long.MAX_VALUE;
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", (bytes + 500_000) / 1_000_000);
  }

  @Override
  public String toString() {
    return megabytes(total())
        + " of memory (parameters and gradients "
        + megabytes(parameters)
        + ", optimizer "
        + megabytes(optimizer)
        + ", activations "
        + megabytes(activations)
        + ")";
  }
}
