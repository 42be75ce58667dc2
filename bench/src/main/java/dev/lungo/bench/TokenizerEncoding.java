package dev.lungo.bench;

import dev.lungo.bench.EncoderPeer.Encoder;
import dev.lungo.bench.EncoderPeer.Vocabulary;
import dev.lungo.bench.Rounds.Measurement;
import dev.lungo.tokenizer.BytePairTokenizer;
import dev.lungo.tokenizer.Gpt4Splitter;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// Encoding strings, one thread, against every [EncoderPeer] with the same vocabulary; and on two
/// threads against one.
final class TokenizerEncoding {
  private final BenchOptions options;
  private final Path folder;
  private final List<String> texts;
  private final double megabytes;

  /// @param folder for files that peers read
  /// @param source the text to encode a part of
  TokenizerEncoding(BenchOptions options, Path folder, Path source) throws IOException {
    this.options = options;
    this.folder = folder;
    this.texts = SourceText.texts(source, options.quick() ? 1_000_000 : 4_000_000, 20_000);
    long bytes = 0;
    for (String text : texts) {
      bytes += text.getBytes(StandardCharsets.UTF_8).length;
    }
    this.megabytes = bytes / 1e6;
  }

  /// Measures one vocabulary.
  void measure(Report report, String name, Tokenizer tokenizer) throws Exception {
    List<EncoderPeer> peers = options.peers() ? options.allPeers(EncoderPeer.class) : List.of();
    List<Encoder> encoders = new ArrayList<>();
    List<Measurement> contestants = new ArrayList<>();
    contestants.add(() -> rate(1, tokenizer));
    contestants.add(() -> rate(2, tokenizer));
    try {
      for (EncoderPeer peer : peers) {
        Encoder encoder = peer.open(vocabulary(name, tokenizer));
        encoders.add(encoder);
        checkEqual(peer, tokenizer, encoder);
        contestants.add(() -> rate(encoder));
      }
      double[] medians = Rounds.medians(options.rounds(), contestants);
      String row = "encode " + name;
      if (peers.isEmpty()) {
        report.add(Row.alone(row, 1, "MB/s", medians[0]));
      }
      for (int i = 0; i < peers.size(); i++) {
        report.add(Row.ofRates(row, 1, "MB/s", medians[0], peers.get(i).name(), medians[2 + i]));
      }
      report.add(Row.ofRates(row, 2, "MB/s", medians[1], "Lungo, 1 thread", medians[0]));
    } finally {
      for (Encoder encoder : encoders) {
        encoder.close();
      }
    }
  }

  private Vocabulary vocabulary(String name, Tokenizer tokenizer) throws IOException {
    Path file = folder.resolve(name).resolve("tokenizer.json");
    java.nio.file.Files.createDirectories(file.getParent());
    tokenizer.save(file);
    List<byte[]> tokens = new ArrayList<>();
    for (int id = 0; id < tokenizer.vocabularySize() && !tokenizer.isSpecial(id); id++) {
      tokens.add(tokenizer.bytesOf(id));
    }
    String pattern =
        tokenizer instanceof BytePairTokenizer pairs
            ? pairs.definition().splitter().pattern()
            : new Gpt4Splitter(3).pattern();
    return new Vocabulary(name, file, pattern, tokens);
  }

  private void checkEqual(EncoderPeer peer, Tokenizer tokenizer, Encoder encoder) {
    for (String text : texts) {
      int[] ours = tokenizer.encode(text);
      int[] theirs = encoder.ids(text);
      int at = Arrays.mismatch(ours, theirs);
      if (at >= 0) {
        throw new IllegalStateException(
            "ids differ from "
                + peer.name()
                + " at "
                + at
                + " of a text that begins '"
                + text.substring(0, Math.min(40, text.length()))
                + "': "
                + Arrays.toString(Arrays.copyOfRange(ours, at, Math.min(ours.length, at + 5)))
                + " here, "
                + Arrays.toString(Arrays.copyOfRange(theirs, at, Math.min(theirs.length, at + 5)))
                + " there");
      }
    }
  }

  private double rate(Encoder encoder) {
    long start = System.nanoTime();
    long ids = 0;
    for (String text : texts) {
      ids += encoder.count(text);
    }
    return rate(start, ids);
  }

  private double rate(int threads, Tokenizer tokenizer) throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    AtomicInteger ids = new AtomicInteger();
    Runnable work =
        () -> {
          for (int i = next.getAndIncrement(); i < texts.size(); i = next.getAndIncrement()) {
            ids.addAndGet(tokenizer.encode(texts.get(i)).length);
          }
        };
    long start = System.nanoTime();
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      others.add(Thread.ofPlatform().start(work));
    }
    work.run();
    for (Thread other : others) {
      other.join();
    }
    return rate(start, ids.get());
  }

  private double rate(long start, long ids) {
    if (ids == 0) {
      throw new IllegalStateException("the text was encoded to nothing");
    }
    return megabytes / ((System.nanoTime() - start) / 1e9);
  }

  /// Measures one long word, on which a careless merger takes quadratic time: 10 MB against 1 MB.
  void measureOneLetter(Report report, Tokenizer tokenizer) throws Exception {
    byte[] letters = new byte[10_000_000];
    Arrays.fill(letters, (byte) 'a');
    String whole = new String(letters, StandardCharsets.ISO_8859_1);
    String tenth = whole.substring(0, letters.length / 10);
    double[] medians =
        Rounds.medians(
            options.quick() ? 1 : 3,
            List.of(() -> letterRate(tokenizer, whole), () -> letterRate(tokenizer, tenth)));
    report.add(
        Row.ofRates(
            "encode trained, 10 MB of one letter",
            1,
            "MB/s",
            medians[0],
            "Lungo, 1 MB of it",
            medians[1]));
  }

  private static double letterRate(Tokenizer tokenizer, String text) {
    long start = System.nanoTime();
    int ids = tokenizer.encode(text).length;
    double seconds = (System.nanoTime() - start) / 1e9;
    if (ids == 0) {
      throw new IllegalStateException("the letters were encoded to nothing");
    }
    return text.length() / 1e6 / seconds;
  }
}
