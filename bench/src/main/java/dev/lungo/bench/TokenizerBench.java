package dev.lungo.bench;

import dev.lungo.kernel.KernelChoice;
import dev.lungo.kernel.Kernels;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Byte-pair tokenizers: training against SentencePiece, encoding against JTokkit and Hugging
/// Face's tokenizers.
@Command(
    name = "tokenizer",
    description = "Tokenizer training and encoding, against spm_train, JTokkit and HF tokenizers.")
final class TokenizerBench implements Callable<Integer> {
  @Mixin private BenchOptions options = new BenchOptions();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description = "Threads of tokenizer training, on either side (default: 2).")
  private int threads = 2;

  @Option(
      names = "--corpus",
      paramLabel = "FILE",
      description = "Text to train on and to encode (default: the JDK's own sources).")
  private Optional<Path> corpus = Optional.empty();

  @Option(
      names = "--megabytes",
      paramLabel = "N",
      description = "How much of the text to train on (default: 100; with --quick 10).")
  private Optional<Integer> megabytes = Optional.empty();

  @Option(
      names = "--vocabulary",
      paramLabel = "N",
      description = "Size of the trained vocabulary (default: 8192).")
  private int vocabulary = 8192;

  @Option(
      names = "--training-rounds",
      paramLabel = "N",
      description =
          "Rounds of tokenizer training, which takes minutes (default: 3; with --quick 1; 0 for none).")
  private Optional<Integer> trainingRounds = Optional.empty();

  @Option(
      names = "--cl100k",
      paramLabel = "FILE",
      description = "cl100k_base.tiktoken (default: in the test data, if that is there).")
  private Optional<Path> cl100k = Optional.empty();

  @Override
  public Integer call() throws Exception {
    Path folder = Files.createTempDirectory("lungo-bench");
    try (Kernels kernels = KernelChoice.open(1)) {
      Report report =
          new Report("tokenizer", Machine.here(kernels.description()), options, System.out);
      Path text = folder.resolve("text.txt");
      long bytes = megabytes.orElse(options.quick() ? 10 : 100) * 1_000_000L;
      if (corpus.isPresent()) {
        SourceText.writeStart(corpus.get(), text, bytes);
      } else {
        SourceText.writeJdkSources(text, bytes);
      }
      TokenizerTraining training = new TokenizerTraining(options, text, vocabulary, threads);
      Tokenizer trained = training.measure(report, trainingRounds.orElse(options.quick() ? 1 : 3));
      TokenizerEncoding encoding = new TokenizerEncoding(options, folder, text);
      Optional<Path> file = cl100k.or(TestData::cl100k);
      if (file.isPresent()) {
        encoding.measure(report, "cl100k", TokenizerFiles.load(file.get()));
      } else {
        report.note(
            "encode cl100k: left out, there is no cl100k_base.tiktoken; name it with --cl100k");
      }
      encoding.measure(report, "trained", trained);
      encoding.measureOneLetter(report, trained);
      report.finish();
    } finally {
      TemporaryFiles.delete(folder);
    }
    return 0;
  }
}
