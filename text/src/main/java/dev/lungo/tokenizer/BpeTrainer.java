package dev.lungo.tokenizer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Learns a byte-level byte-pair vocabulary from text that streams by.
///
/// Text is gathered into chunks by its own sizes, the pieces of each chunk are counted on any
/// thread, and the counts are added up in the order of the chunks: the same text gives the same
/// tokenizer, byte for byte, for any number of threads. Memory holds a few chunks and one entry per
/// different piece.
public final class BpeTrainer {
  /// The name of the token that ends a text.
  public static final String END_OF_TEXT = "<|endoftext|>";

  private static final int CHUNK_BYTES = 1 << 22;

  /// Longer pieces (a line of hashes, base64) are counted in parts of this length.
  private static final int LONGEST_PIECE = 256;

  /// What to learn.
  ///
  /// @param vocabularySize how many tokens there are to be, the 256 bytes and special tokens
  ///   included
  /// @param splitter cuts text into the pieces within which tokens are formed
  /// @param specialTokens names of special tokens, which get the last ids; the first ends a text
  /// @param minimumCount pairs that are rarer are not joined, even if the vocabulary then stays
  ///   smaller
  /// @param threads how many threads count
  /// @param mostPieces when more different pieces have been seen, the rarest are dropped (those
  ///   seen once, then twice, and so on until half as many are left)
  public record Settings(
      int vocabularySize,
      Splitter splitter,
      List<String> specialTokens,
      long minimumCount,
      int threads,
      int mostPieces) {
    /// @throws IllegalArgumentException if a number is out of range
    public Settings {
      specialTokens = List.copyOf(specialTokens);
      if (vocabularySize < 256 + specialTokens.size() || vocabularySize > 1 << 24) {
        throw new IllegalArgumentException(
            "vocabulary size %d: must be at least %d (256 bytes and %d special tokens) and at most %d"
                .formatted(
                    vocabularySize, 256 + specialTokens.size(), specialTokens.size(), 1 << 24));
      }
      if (minimumCount < 1 || threads < 1 || mostPieces < 2) {
        throw new IllegalArgumentException(
            "minimum count %d and threads %d must be at least 1, most pieces %d at least 2"
                .formatted(minimumCount, threads, mostPieces));
      }
    }

    /// Returns the settings of our own models: text cut as GPT-4 does, one special token.
    public static Settings ofSize(int vocabularySize, int threads) {
      return ofSize(vocabularySize, new Gpt4Splitter(3), threads);
    }

    /// Returns the settings of our own models, for text that is cut in another way.
    public static Settings ofSize(int vocabularySize, Splitter splitter, int threads) {
      return new Settings(vocabularySize, splitter, List.of(END_OF_TEXT), 2, threads, 8_000_000);
    }
  }

  /// A stream of texts.
  @FunctionalInterface
  public interface Texts {
    /// Returns the next text as UTF-8; empty after the last.
    Optional<byte[]> next() throws IOException;
  }

  private final Settings settings;

  public BpeTrainer(Settings settings) {
    this.settings = settings;
  }

  /// Learns from texts in memory.
  public BytePairTokenizer train(Collection<String> texts) {
    Iterator<String> iterator = texts.iterator();
    try {
      return train(() ->
          iterator.hasNext()
              ? Optional.of(iterator.next().getBytes(StandardCharsets.UTF_8))
              : Optional.empty());
    } catch (IOException e) {
      throw new IllegalStateException("texts in memory cannot fail to be read", e);
    }
  }

  /// Learns from a stream of texts.
  ///
  /// @throws IOException if the stream cannot be read, or holds no text at all
  public BytePairTokenizer train(Texts texts) throws IOException {
    PieceCounts counts = count(texts);
    if (counts.size() == 0) {
      throw new IOException("there is no text to learn a tokenizer from; check the corpus");
    }
    return tokenizer(learn(counts));
  }

  private PieceCounts count(Texts texts) throws IOException {
    PieceCounts total = new PieceCounts(1 << 16);
    try (ExecutorService pool = Executors.newFixedThreadPool(settings.threads())) {
      try {
        Deque<Future<PieceCounts>> running = new ArrayDeque<>();
        for (List<byte[]> chunk = chunk(texts); !chunk.isEmpty(); chunk = chunk(texts)) {
          List<byte[]> work = chunk;
          running.add(pool.submit(() -> countChunk(work)));
          if (running.size() > settings.threads()) {
            add(running.remove(), total);
          }
        }
        while (!running.isEmpty()) {
          add(running.remove(), total);
        }
      } finally {
        pool.shutdownNow();
      }
    }
    return total;
  }

  private static List<byte[]> chunk(Texts texts) throws IOException {
    List<byte[]> chunk = new ArrayList<>();
    long bytes = 0;
    while (bytes < CHUNK_BYTES) {
      Optional<byte[]> text = texts.next();
      if (text.isEmpty()) {
        break;
      }
      chunk.add(text.get());
      bytes += text.get().length;
    }
    return chunk;
  }

  private PieceCounts countChunk(List<byte[]> chunk) {
    PieceCounts counts = new PieceCounts(1 << 15);
    int[] ends = new int[1024];
    for (byte[] text : chunk) {
      Splitter.Pieces pieces = settings.splitter().pieces(text, 0, text.length);
      int start = 0;
      for (int n = pieces.next(ends); n > 0; n = pieces.next(ends)) {
        for (int i = 0; i < n; i++) {
          int end = ends[i];
          for (; end - start > LONGEST_PIECE; start += LONGEST_PIECE) {
            counts.add(text, start, start + LONGEST_PIECE, 1);
          }
          counts.add(text, start, end, 1);
          start = end;
        }
      }
    }
    return counts;
  }

  private void add(Future<PieceCounts> future, PieceCounts total) throws IOException {
    try {
      total.addAll(future.get());
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while counting", e);
    }
    if (total.size() > settings.mostPieces() || total.isFull()) {
      int target = total.size() / 2;
      for (long rarest = 1; total.size() > target; rarest++) {
        total.dropRarest(rarest);
      }
    }
  }

  private List<MergeLearner.Merge> learn(PieceCounts counts) {
    int words = counts.size();
    int total = 0;
    int[] starts = new int[words + 1];
    long[] wordCounts = new long[words];
    for (int word = 0; word < words; word++) {
      total = Math.addExact(total, counts.length(word));
      starts[word + 1] = total;
      wordCounts[word] = counts.count(word);
    }
    int[] symbols = new int[total];
    for (int word = 0; word < words; word++) {
      for (int i = 0; i < counts.length(word); i++) {
        symbols[starts[word] + i] = counts.at(word, i) & 0xff;
      }
    }
    int[] lengths = new int[256];
    Arrays.fill(lengths, 1);
    int merges = settings.vocabularySize() - 256 - settings.specialTokens().size();
    MergeLearner.Words all = new MergeLearner.Words(symbols, starts, wordCounts);
    return new MergeLearner(all, lengths, BpeTrainer::keepsCharacters)
        .learn(merges, settings.minimumCount());
  }

  /// Says whether `bytes`, a character each, are whole characters of UTF-8, or a part of one. A
  /// part of one character with another is no text that a token should stand for, and would let
  /// tokens cross a cut between characters where a reader does not cut (see [WordEndSplitter]).
  static boolean keepsCharacters(String bytes) {
    int first = bytes.charAt(0);
    int length = bytes.length();
    if (isContinuation(first)) {
      return bytes.chars().allMatch(BpeTrainer::isContinuation);
    }
    int needed = 0;
    int characters = 0;
    for (int i = 0; i < length; i++) {
      int b = bytes.charAt(i);
      if (isContinuation(b)) {
        needed--;
        if (needed < 0) {
          return false;
        }
      } else if (needed > 0) {
        return false;
      } else {
        needed = b < 0xc0 ? 0 : b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        characters++;
      }
    }
    return needed == 0 || characters == 1;
  }

  /// Says whether `bytes` that keep characters begin and end with whole ones.
  static boolean isWhole(String bytes) {
    return !isContinuation(bytes.charAt(0))
        && new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)
                .indexOf('\ufffd')
            < 0;
  }

  private static boolean isContinuation(int b) {
    return (b & 0xc0) == 0x80;
  }

  private BytePairTokenizer tokenizer(List<MergeLearner.Merge> learned) {
    List<byte[]> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(new byte[] {(byte) b});
    }
    int[] merges = new int[learned.size() * 3];
    for (int i = 0; i < learned.size(); i++) {
      MergeLearner.Merge merge = learned.get(i);
      byte[] left = tokens.get(merge.left());
      byte[] right = tokens.get(merge.right());
      byte[] joined = Arrays.copyOf(left, left.length + right.length);
      System.arraycopy(right, 0, joined, left.length, right.length);
      tokens.add(joined);
      merges[3 * i] = merge.left();
      merges[3 * i + 1] = merge.right();
      merges[3 * i + 2] = merge.result();
    }
    List<AddedToken> special = new ArrayList<>();
    for (String name : settings.specialTokens()) {
      special.add(AddedToken.special(tokens.size() + special.size(), name));
    }
    BytePairDefinition.Frame frame =
        special.isEmpty()
            ? BytePairDefinition.Frame.none()
            : BytePairDefinition.Frame.endingWith(tokens.size());
    return new BytePairTokenizer(
        BytePairDefinition.ofMerges(tokens, merges, settings.splitter(), special, frame));
  }
}
