package dev.lungo.cli;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.Document;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.BytePairTokenizer;
import dev.lungo.tokenizer.Splitter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Learns a byte-pair tokenizer from text.
@Command(
    name = "train",
    description = {
      "Learn a byte-pair tokenizer from text.",
      "Without --corpus it reads the source code of the JDK that runs it."
    },
    sortOptions = false)
final class TokenizerTrainCommand implements Callable<Integer> {
  @Mixin private final Console console = new Console();
  @Mixin private final ThreadsOption threads = new ThreadsOption();

  @Option(
      names = "--corpus",
      paramLabel = "PATH",
      description =
          "Text to learn from: a text file, a folder, .zip, .jsonl, .parquet, .gz or .zst of these.")
  private Optional<Path> corpus = Optional.empty();

  @Option(
      names = "--vocabulary",
      paramLabel = "N",
      description = "Tokens, with 256 bytes and 1 special token (default: ${DEFAULT-VALUE}).",
      defaultValue = "4096")
  private int vocabulary;

  @Option(
      names = "--splitter",
      paramLabel = "NAME",
      description =
          "How text is cut before merging: gpt4, gpt2, code or words (default: ${DEFAULT-VALUE}).",
      defaultValue = "gpt4")
  private String splitter;

  @Option(
      names = "--sample",
      paramLabel = "SHARE",
      description = "Read this share of the documents (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private double sample;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "File to write (default: ${DEFAULT-VALUE}).",
      defaultValue = "tokenizer.json")
  private Path out;

  /// The `--json` result.
  record Result(
      String tokenizer, int vocabularySize, long textBytes, double seconds, String fingerprint) {}

  @Override
  public Integer call() throws IOException {
    BpeTrainer.Settings settings =
        BpeTrainer.Settings.ofSize(vocabulary, Splitter.named(splitter), threads.count());
    if (!(sample > 0 && sample <= 1)) {
      throw new IllegalArgumentException("--sample must be above 0 and at most 1, not " + sample);
    }
    Corpus text = corpus.isPresent() ? Corpus.open(corpus.get()) : Corpus.ofJdkSources();
    console.log("learning from " + text.description());
    long start = System.nanoTime();
    long[] bytes = {0};
    BytePairTokenizer tokenizer;
    try (DocumentStream documents = text.documents().sampled(sample)) {
      tokenizer =
          new BpeTrainer(settings)
              .train(() -> {
                Optional<byte[]> next = documents.next().map(Document::utf8);
                next.ifPresent(utf8 -> bytes[0] += utf8.length);
                return next;
              });
    }
    tokenizer.save(out);
    double seconds = (System.nanoTime() - start) / 1e9;
    console.print(
        String.format(
            Locale.ROOT,
            "%s: %,d tokens from %.1f MB of text in %.1f s",
            out,
            tokenizer.vocabularySize(),
            bytes[0] / 1e6,
            seconds));
    if (tokenizer.vocabularySize() < vocabulary) {
      console.log(
          "the text had no more pairs that occur twice: a smaller vocabulary than asked for");
    }
    console.print(
        "look at it:  ./lungo tokenizer inspect --tokenizer " + out + " --text 'some text'");
    console.result(
        new Result(
            out.toString(),
            tokenizer.vocabularySize(),
            bytes[0],
            seconds,
            tokenizer.fingerprint()));
    return 0;
  }
}
