package dev.lungo.train;

import dev.lungo.corpus.CldrPairs;
import dev.lungo.corpus.PairFile;
import dev.lungo.corpus.TextPair;
import dev.lungo.model.TranslationBatch.Pair;
import dev.lungo.tensor.RandomNumbers;
import dev.lungo.tokenizer.BpeTrainer;
import dev.lungo.tokenizer.Gpt4Splitter;
import dev.lungo.tokenizer.Tokenizer;
import dev.lungo.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/// The pairs of a run: drawn from CLDR without end, or read from a file and visited in another
/// order each epoch.
final class TranslationData {
  static final String TOKENIZER = "tokenizer.json";
  static final String END = "</s>";
  static final String START = "<s>";

  /// Pairs of CLDR that the tokenizer learns from.
  private static final int TOKENIZER_PAIRS = 12_000;

  /// Held-out pairs of CLDR.
  private static final int HELD_OUT_PAIRS = 2000;

  /// The share of a file's sources that is held out, and the most pairs.
  private static final double HELD_OUT_SHARE = 0.01;

  private static final long HELD_OUT_SEED = 0x5eed;

  /// A pair that the model never learns from.
  record HeldOut(TextPair text, Pair ids) {}

  /// Gives the training pair of a position.
  @FunctionalInterface
  private interface Drawing {
    TextPair at(long position);
  }

  private final String source;
  private final Tokenizer tokenizer;
  private final Drawing training;
  private final List<HeldOut> heldOut;
  private final int longest;
  private final long trainingPairs;

  private TranslationData(
      String source,
      Tokenizer tokenizer,
      Drawing training,
      long trainingPairs,
      List<TextPair> heldOut,
      int longest) {
    this.source = source;
    this.tokenizer = tokenizer;
    this.training = training;
    this.trainingPairs = trainingPairs;
    this.longest = longest;
    this.heldOut = new ArrayList<>();
    for (TextPair text : heldOut) {
      Pair ids = ids(tokenizer, text);
      if (fits(ids, longest)) {
        this.heldOut.add(new HeldOut(text, ids));
      }
    }
    if (this.heldOut.isEmpty()) {
      throw new IllegalArgumentException(
          "all held-out pairs are longer than --longest "
              + longest
              + "; give more or allow longer");
    }
  }

  /// Opens the data; learns the tokenizer and writes it into the folder, or, for a run that goes
  /// on, reads it there.
  static TranslationData open(
      Path folder, TranslationSettings settings, boolean resumed, RunListener listener)
      throws IOException {
    return settings.corpus().isEmpty()
        ? ofCldr(folder, settings, resumed, listener)
        : ofFile(folder, settings, resumed, listener);
  }

  private static TranslationData ofCldr(
      Path folder, TranslationSettings settings, boolean resumed, RunListener listener)
      throws IOException {
    CldrPairs cldr = new CldrPairs();
    listener.phase(
        "corpus",
        "English to French from CLDR: numbers, dates, times, money, countries, languages,"
            + " quantities, spans of time; values are held out");
    long seed = settings.seed();
    List<TextPair> sample = new ArrayList<>();
    if (!resumed) {
      for (int i = 0; i < TOKENIZER_PAIRS; i++) {
        sample.add(cldr.pair(seed, i, false));
      }
    }
    List<TextPair> heldOut = new ArrayList<>();
    for (int i = 0; i < HELD_OUT_PAIRS; i++) {
      heldOut.add(cldr.pair(HELD_OUT_SEED, i, true));
    }
    return new TranslationData(
        "English to French from CLDR",
        tokenizer(folder, settings, resumed, sample, listener),
        position -> cldr.pair(seed, position, false),
        0,
        heldOut,
        settings.longest());
  }

  private static TranslationData ofFile(
      Path folder, TranslationSettings settings, boolean resumed, RunListener listener)
      throws IOException {
    Path file = Path.of(settings.corpus());
    PairFile read = PairFile.read(file, settings.strict(), listener::warned);
    PairFile.Parts parts = read.split(HELD_OUT_SHARE);
    listener.phase(
        "corpus",
        String.format(
            Locale.ROOT,
            "%s: %,d pairs in %,d lines (%,d skipped); %,d sources held out",
            file,
            read.pairs().size(),
            read.lines(),
            read.skipped(),
            parts.heldOut().size()));
    if (parts.training().isEmpty() || parts.heldOut().isEmpty()) {
      throw new IllegalArgumentException(
          file + " has too few pairs to learn from some and hold out others; give more");
    }
    Tokenizer tokenizer = tokenizer(folder, settings, resumed, parts.training(), listener);
    List<TextPair> fitting = fitting(file, parts.training(), tokenizer, settings, listener);
    WindowOrder order = new WindowOrder(fitting.size(), settings.seed());
    return new TranslationData(
        file.toString(),
        tokenizer,
        position -> fitting.get((int) order.window(position)),
        fitting.size(),
        parts.heldOut(),
        settings.longest());
  }

  /// Leaves pairs out that are longer than the limit.
  private static List<TextPair> fitting(
      Path file,
      List<TextPair> pairs,
      Tokenizer tokenizer,
      TranslationSettings settings,
      RunListener listener) {
    List<TextPair> fitting = new ArrayList<>(pairs.size());
    boolean named = false;
    for (TextPair pair : pairs) {
      Pair ids = ids(tokenizer, pair);
      if (fits(ids, settings.longest())) {
        fitting.add(pair);
      } else if (settings.strict()) {
        throw new IllegalArgumentException(tooLong(pair, ids, settings));
      } else if (!named) {
        named = true;
        listener.warned(tooLong(pair, ids, settings) + "; it is skipped");
      }
    }
    int left = pairs.size() - fitting.size();
    if (fitting.isEmpty()) {
      throw new IllegalArgumentException(
          "all pairs of " + file + " are longer than --longest " + settings.longest());
    }
    if (left > 0) {
      listener.warned(
          String.format(
              Locale.ROOT,
              "%,d of the pairs are longer than %d tokens and are skipped",
              left,
              settings.longest()));
    }
    return fitting;
  }

  private static String tooLong(TextPair pair, Pair ids, TranslationSettings settings) {
    return "the pair '"
        + pair.source().substring(0, Math.min(60, pair.source().length()))
        + "…' has "
        + Math.max(ids.source().length, ids.target().length)
        + " tokens, more than --longest "
        + settings.longest();
  }

  private static Tokenizer tokenizer(
      Path folder,
      TranslationSettings settings,
      boolean resumed,
      List<TextPair> sample,
      RunListener listener)
      throws IOException {
    Path file = folder.resolve(TOKENIZER);
    if (resumed) {
      return TokenizerFiles.load(file);
    }
    List<String> texts = new ArrayList<>();
    for (TextPair pair : sample) {
      texts.add(pair.source());
      texts.add(pair.target());
    }
    // Digits stay single, so that numbers of any length are copied and moved digit by digit.
    Tokenizer learned =
        new BpeTrainer(
                new BpeTrainer.Settings(
                    settings.vocabulary(),
                    new Gpt4Splitter(1),
                    List.of(END, START),
                    2,
                    settings.threads(),
                    8_000_000))
            .train(texts);
    learned.save(file);
    listener.phase("tokenizer", learned.vocabularySize() + " tokens, shared by both languages");
    return TokenizerFiles.load(file);
  }

  private static Pair ids(Tokenizer tokenizer, TextPair text) {
    return new Pair(tokenizer.encode(text.source()), tokenizer.encode(text.target()));
  }

  private static boolean fits(Pair ids, int longest) {
    return ids.source().length <= longest
        && ids.target().length <= longest
        && ids.source().length > 0
        && ids.target().length > 0;
  }

  /// Returns the training pair of a position, counted over all epochs.
  Pair training(long position) {
    Pair ids = ids(tokenizer, training.at(position));
    // What CLDR says is short; should a vocabulary be so small that it is not, another takes its
    // place.
    for (long other = position; !fits(ids, longest); ) {
      other = RandomNumbers.mix(other) >>> 1;
      ids = ids(tokenizer, training.at(other));
    }
    return ids;
  }

  List<HeldOut> heldOut() {
    return heldOut;
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /// Describes what was read for the run's record: tokens of the corpus are counted for files only,
  /// because CLDR's pairs have no end.
  Provenance.Data provenance() {
    long heldOutTokens = 0;
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    for (HeldOut pair : heldOut) {
      heldOutTokens += pair.ids.source().length + pair.ids.target().length;
      digest.update(pair.text.source().getBytes(StandardCharsets.UTF_8));
      digest.update(pair.text.target().getBytes(StandardCharsets.UTF_8));
    }
    long trainingTokens = 0;
    for (long i = 0; i < trainingPairs; i++) {
      TextPair text = training.at(i);
      Pair ids = ids(tokenizer, text);
      trainingTokens += ids.source().length + ids.target().length;
      digest.update(text.source().getBytes(StandardCharsets.UTF_8));
      digest.update(text.target().getBytes(StandardCharsets.UTF_8));
    }
    return new Provenance.Data(
        source, HexFormat.of().formatHex(digest.digest()), trainingTokens, heldOutTokens);
  }
}
