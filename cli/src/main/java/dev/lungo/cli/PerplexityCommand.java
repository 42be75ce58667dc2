package dev.lungo.cli;

import dev.lungo.generate.Perplexity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Measures how well a model foresees a text.
@Command(
    name = "perplexity",
    description = "Measure how well a model foresees a text: perplexity and bits per byte.",
    sortOptions = false)
final class PerplexityCommand implements Callable<Integer> {
  /// More than this is no sample of a text any more.
  private static final long LARGEST = 1L << 30;

  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Parameters(
      paramLabel = "MODEL",
      description = "Folder of a run or of any model in its layout, or a GGUF file.")
  private Path model;

  @Option(
      names = {"-f", "--text"},
      paramLabel = "FILE",
      required = true,
      description = "A text file, UTF-8.")
  private Path text;

  @Option(
      names = {"-c", "--context"},
      paramLabel = "N",
      description = "Positions of a window (default: the model's, at most 2048).",
      defaultValue = "0")
  private int context;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Measure at most so many tokens (default: all).")
  private long tokens = Long.MAX_VALUE - 1;

  @Override
  public Integer call() throws IOException {
    if (Files.size(text) > LARGEST) {
      throw new IllegalArgumentException(
          text + " has more than " + LARGEST + " bytes; give a part of it");
    }
    try (Perplexity perplexity = Perplexity.open(model, threads.count())) {
      int[] shown = {0};
      Perplexity.Result result =
          perplexity.of(
              Files.readAllBytes(text),
              context,
              tokens,
              (done, all) -> {
                int tenth = (int) (10 * done / all);
                if (tenth > shown[0]) {
                  shown[0] = tenth;
                  console.log(10 * tenth + "%  " + done + " of " + all + " tokens");
                }
              });
      console.print(
          String.format(
              Locale.ROOT,
              "perplexity %.4f, %.4f bits per byte (%,d tokens, %,d bytes, context %d)",
              result.perplexity(),
              result.bitsPerByte(),
              result.tokens(),
              result.bytes(),
              result.context()));
      console.result(result);
    }
    return 0;
  }
}
