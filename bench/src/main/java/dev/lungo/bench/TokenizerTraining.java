package dev.lungo.bench;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.Document;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Training a byte-pair vocabulary on one text file, against Debian's `spm_train --model_type=bpe`
/// on the same file.
final class TokenizerTraining {
  private final BenchOptions options;
  private final Path text;
  private final int vocabulary;
  private final int threads;

  TokenizerTraining(BenchOptions options, Path text, int vocabulary, int threads) {
    this.options = options;
    this.text = text;
    this.vocabulary = vocabulary;
    this.threads = threads;
  }

  /// Measures `rounds` times, after one training of ours that does not count, and returns the
  /// trained tokenizer.
  Tokenizer measure(Report report, int rounds) throws Exception {
    if (rounds == 0) {
      return train();
    }
    String megabytes = Math.round(Files.size(text) / 1e6) + " MB to " + vocabulary;
    Tokenizer trained = train();
    double[] ours = new double[rounds];
    double[] theirs = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      long start = System.nanoTime();
      trained = train();
      ours[round] = (System.nanoTime() - start) / 1e9;
      options.log("training round " + (round + 1) + ": ours " + Report.number(ours[round]) + " s");
      if (options.peers()) {
        theirs[round] = sentencePiece();
        options.log(
            "training round " + (round + 1) + ": spm_train " + Report.number(theirs[round]) + " s");
      }
    }
    String name = "train on " + megabytes;
    double median = Rounds.median(ours);
    report.add(
        options.peers()
            ? Row.ofCosts(
                name, threads, "s", median, "spm_train --model_type=bpe", Rounds.median(theirs))
            : Row.alone(name, threads, "s", median));
    return trained;
  }

  private Tokenizer train() throws IOException {
    try (DocumentStream documents = Corpus.open(text).documents()) {
      return new BpeTrainer(BpeTrainer.Settings.ofSize(vocabulary, threads))
          .train(() -> documents.next().map(Document::utf8));
    }
  }

  /// Runs spm_train and returns its seconds.
  private double sentencePiece() throws IOException, InterruptedException {
    Path log = text.resolveSibling("spm.log");
    ProcessBuilder builder =
        new ProcessBuilder(
                "spm_train",
                "--input=" + text,
                "--model_prefix=" + text.resolveSibling("spm"),
                "--vocab_size=" + vocabulary,
                "--model_type=bpe",
                "--num_threads=" + threads)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    long start = System.nanoTime();
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new IOException("spm_train does not start; install Debian's package sentencepiece", e);
    }
    int exit = process.waitFor();
    double seconds = (System.nanoTime() - start) / 1e9;
    if (exit != 0) {
      throw new IOException("spm_train ended with " + exit + ": " + lastLine(log));
    }
    return seconds;
  }

  private static String lastLine(Path log) throws IOException {
    return Files.readString(log).lines().reduce("", (first, second) -> second);
  }
}
