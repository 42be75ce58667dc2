package dev.lungo.bench;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.CorpusTokenizer;
import dev.lungo.corpus.Document;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.corpus.Progress;
import dev.lungo.corpus.Split;
import dev.lungo.corpus.TokenShard;
import dev.lungo.tensor.DType;
import dev.lungo.tensor.Shape;
import dev.lungo.tensor.Tensor;
import dev.lungo.tensor.Workspace;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.train.BatchSource;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// What every contestant of the speedrun learns from and is measured on: one tokenizer, one shard
/// to train, one held out.
record SpeedrunData(Tokenizer tokenizer, TokenShard training, TokenShard heldOut)
    implements AutoCloseable {
  private static final double HELD_OUT_DOCUMENTS = 0.02;
  private static final double HELD_OUT_TAIL = 0.1;
  private static final double TOKENIZER_SAMPLE_BYTES = 24e6;

  /// Enough for hours at the speeds of a few cores.
  private static final double TRAINING_BYTES = 60e6;

  /// Learns the tokenizer and writes the shards.
  ///
  /// @param file the text; empty for the sources of the running JDK
  static SpeedrunData prepare(Path folder, Optional<Path> file, int vocabulary, int threads)
      throws IOException {
    Corpus corpus = file.isPresent() ? Corpus.open(file.get()) : Corpus.ofJdkSources();
    Split split = corpus.split(corpus.isSingleText() ? HELD_OUT_TAIL : HELD_OUT_DOCUMENTS);
    double bytes = corpus.totalBytes();
    Tokenizer tokenizer;
    try (DocumentStream sample =
        corpus
            .documents(split, Split.Part.TRAINING)
            .sampled(share(corpus, TOKENIZER_SAMPLE_BYTES, bytes))) {
      tokenizer =
          new BpeTrainer(BpeTrainer.Settings.ofSize(vocabulary, threads))
              .train(() -> sample.next().map(Document::utf8));
    }
    CorpusTokenizer writer = new CorpusTokenizer(tokenizer, threads);
    Path training = folder.resolve("training.tokens");
    Path heldOut = folder.resolve("held-out.tokens");
    try (DocumentStream documents =
        corpus
            .documents(split, Split.Part.TRAINING)
            .sampled(share(corpus, TRAINING_BYTES, bytes))) {
      writer.write(documents, training, corpus.totalBytes(), Progress.NONE);
    }
    try (DocumentStream documents = corpus.documents(split, Split.Part.HELD_OUT)) {
      writer.write(documents, heldOut, corpus.totalBytes(), Progress.NONE);
    }
    return new SpeedrunData(tokenizer, TokenShard.open(training), TokenShard.open(heldOut));
  }

  private static double share(Corpus corpus, double wanted, double there) {
    return corpus.isSingleText() ? 1 : Math.min(1, wanted / there);
  }

  /// Writes batches of `source` for a peer, in the layout of [TrainingFiles], and returns how many
  /// bytes of text their targets stand for.
  long writeBatches(Path file, BatchSource source, TrainingCase sizes, long count)
      throws IOException {
    int[] byteCounts = tokenizer.byteCounts();
    long bytes = 0;
    try (Workspace workspace = new Workspace("batches");
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
      Shape shape = Shape.of(sizes.batch(), sizes.context());
      Tensor ids = workspace.allocate(shape, DType.INT32);
      Tensor targets = workspace.allocate(shape, DType.INT32);
      for (long batch = 0; batch < count; batch++) {
        source.fill(batch, ids, targets);
        TrainingFiles.write(channel, ids.data());
        TrainingFiles.write(channel, targets.data());
        for (int target : targets.data().toArray(java.lang.foreign.ValueLayout.JAVA_INT)) {
          bytes += byteCounts[target];
        }
      }
    }
    return bytes;
  }

  @Override
  public void close() {
    training.close();
    heldOut.close();
  }
}
