package dev.lungo.train;

import dev.lungo.corpus.Corpus;
import dev.lungo.corpus.CorpusTokenizer;
import dev.lungo.corpus.Document;
import dev.lungo.corpus.DocumentStream;
import dev.lungo.corpus.Progress;
import dev.lungo.corpus.Split;
import dev.lungo.corpus.TokenShard;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.CharacterTokenizer;
import dev.lungo.tokenizer.Splitter;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// The data of a run, as its folder keeps it: the tokenizer and two token shards, one to train and
/// one held out.
///
/// @param source what the corpus is called
public record RunData(String source, Tokenizer tokenizer, TokenShard training, TokenShard heldOut)
    implements AutoCloseable {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String TRAINING = "data/training.tokens";
  private static final String HELD_OUT = "data/held-out.tokens";

  /// The share of documents that is held out; of a single text, the last tenth is.
  private static final double HELD_OUT_DOCUMENTS = 0.02;

  private static final double HELD_OUT_TAIL = 0.1;

  /// As much text as it takes to learn a good vocabulary.
  private static final double TOKENIZER_SAMPLE_BYTES = 24e6;

  /// More than any machine of today trains on in a second, with the smallest model.
  private static final double MOST_TOKENS_PER_SECOND = 40_000;

  /// Fewer bytes of text than a token stands for on average, so that there is always enough.
  private static final double BYTES_PER_TOKEN = 5;

  /// Reads the corpus, makes the tokenizer and writes the shards.
  static RunData prepare(Path folder, TrainingSettings settings, RunListener listener)
      throws IOException {
    Corpus corpus = open(settings);
    Split split = corpus.split(corpus.isSingleText() ? HELD_OUT_TAIL : HELD_OUT_DOCUMENTS);
    long bytes = corpus.totalBytes();
    if (bytes == 0) {
      throw new IOException(corpus.description() + " is empty; give a corpus with text");
    }
    listener.phase(
        "corpus", String.format(Locale.ROOT, "%s, %,.1f MB", corpus.description(), bytes / 1e6));
    Tokenizer tokenizer = tokenizer(corpus, split, bytes, settings, listener);
    Files.createDirectories(folder.resolve("data"));
    tokenizer.save(folder.resolve(TOKENIZER));
    double share = corpus.isSingleText() ? 1 : Math.min(1, wantedBytes(settings) / bytes);
    write(
        corpus,
        split,
        Split.Part.TRAINING,
        share,
        tokenizer,
        folder.resolve(TRAINING),
        settings,
        listener);
    write(
        corpus,
        split,
        Split.Part.HELD_OUT,
        1,
        tokenizer,
        folder.resolve(HELD_OUT),
        settings,
        listener);
    return open(folder, corpus.description());
  }

  /// Opens the data of a run that goes on.
  static RunData open(Path folder, String source) throws IOException {
    Tokenizer tokenizer = TokenizerFiles.load(folder.resolve(TOKENIZER));
    TokenShard training = TokenShard.open(folder.resolve(TRAINING));
    try {
      return new RunData(source, tokenizer, training, TokenShard.open(folder.resolve(HELD_OUT)));
    } catch (IOException | RuntimeException failed) {
      training.close();
      throw failed;
    }
  }

  /// Returns the hash of what was learned from.
  static String hash(Path folder) throws IOException {
    return Provenance.hash(folder.resolve(TRAINING));
  }

  private static Corpus open(TrainingSettings settings) throws IOException {
    if (settings.corpus().isEmpty()) {
      return Corpus.ofJdkSources();
    }
    return Corpus.open(Path.of(settings.corpus()));
  }

  /// Returns how much text a run can use at most, with what it holds out.
  private static double wantedBytes(TrainingSettings settings) {
    double tokens;
    if (settings.steps() > 0) {
      tokens = (double) settings.steps() * settings.tokensPerStep();
    } else if (settings.tokens() > 0) {
      tokens = settings.tokens();
    } else {
      tokens = settings.minutes() * 60 * MOST_TOKENS_PER_SECOND;
    }
    return tokens * BYTES_PER_TOKEN + 1e6;
  }

  private static Tokenizer tokenizer(
      Corpus corpus, Split split, long bytes, TrainingSettings settings, RunListener listener)
      throws IOException {
    switch (settings.tokenizer()) {
      case "bpe", "bpe-code", "bpe-words", "bpe-gpt2" -> {
        listener.phase("tokenizer", "learning " + settings.vocabulary() + " tokens");
        double share = corpus.isSingleText() ? 1 : TOKENIZER_SAMPLE_BYTES / bytes;
        Splitter splitter =
            settings.tokenizer().equals("bpe")
                ? Splitter.named("gpt4")
                : Splitter.named(settings.tokenizer().substring("bpe-".length()));
        try (DocumentStream sample = corpus.documents(split, Split.Part.TRAINING).sampled(share)) {
          return new BpeTrainer(
                  BpeTrainer.Settings.ofSize(settings.vocabulary(), splitter, settings.threads()))
              .train(() -> sample.next().map(Document::utf8));
        }
      }
      case "characters" -> {
        listener.phase("tokenizer", "one token a character");
        StringBuilder text = new StringBuilder();
        try (DocumentStream all = corpus.documents()) {
          for (var next = all.next(); next.isPresent(); next = all.next()) {
            text.append(new String(next.get().utf8(), StandardCharsets.UTF_8));
          }
        }
        return CharacterTokenizer.of(text.toString());
      }
      default -> {
        listener.phase("tokenizer", settings.tokenizer());
        return TokenizerFiles.load(Path.of(settings.tokenizer()));
      }
    }
  }

  private static void write(
      Corpus corpus,
      Split split,
      Split.Part part,
      double share,
      Tokenizer tokenizer,
      Path file,
      TrainingSettings settings,
      RunListener listener)
      throws IOException {
    try (DocumentStream documents = corpus.documents(split, part).sampled(share)) {
      CorpusTokenizer.Result result =
          new CorpusTokenizer(tokenizer, settings.threads())
              .write(documents, file, corpus.totalBytes(), Progress.NONE);
      listener.phase(
          part == Split.Part.TRAINING ? "training text" : "held-out text",
          String.format(
              Locale.ROOT,
              "%,d tokens of %,d documents, %.2f bytes a token",
              result.tokens(),
              result.documents(),
              result.bytesPerToken()));
    }
  }

  @Override
  public void close() {
    training.close();
    heldOut.close();
  }
}
