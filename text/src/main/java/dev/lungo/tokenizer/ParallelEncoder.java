package dev.lungo.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Encodes one large text on several threads, with the ids that one thread gives.
///
/// The text is cut after words, where a piece ends whatever stands around it; a tokenizer whose
/// pieces do not allow that (an unknown expression, SentencePiece) encodes it whole.
public final class ParallelEncoder {
  private static final int CHUNK_BYTES = 1 << 18;

  private ParallelEncoder() {}

  /// Returns the ids of `utf8`.
  ///
  /// @param threads how many threads encode, at least 1
  public static TokenBuffer encode(
      Tokenizer tokenizer, byte[] utf8, SpecialMode mode, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, not " + threads);
    }
    TokenBuffer ids = new TokenBuffer(utf8.length / 4 + 16);
    if (threads == 1
        || utf8.length <= CHUNK_BYTES
        || !(tokenizer instanceof BytePairTokenizer pairs && pairs.cutsAfterWords())) {
      tokenizer.encode(utf8, 0, utf8.length, mode, ids);
      return ids;
    }
    BytePairDefinition.Frame frame = pairs.definition().frame();
    boolean framed = mode == SpecialMode.FRAME;
    if (framed) {
      ids.addAll(frame.before(), 0, frame.before().length);
    }
    encodeChunks(pairs, utf8, framed ? SpecialMode.PARSE : mode, threads, ids);
    if (framed) {
      ids.addAll(frame.after(), 0, frame.after().length);
    }
    return ids;
  }

  private static void encodeChunks(
      BytePairTokenizer tokenizer, byte[] utf8, SpecialMode mode, int threads, TokenBuffer ids) {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<TokenBuffer>> chunks = new ArrayList<>();
      for (int from = 0; from < utf8.length; ) {
        int start = from;
        int end = chunkEnd(utf8, from);
        chunks.add(
            pool.submit(() -> {
              TokenBuffer chunk = new TokenBuffer((end - start) / 3 + 16);
              tokenizer.encode(utf8, start, end, mode, chunk);
              return chunk;
            }));
        from = end;
      }
      for (Future<TokenBuffer> chunk : chunks) {
        ids.addAll(chunk.get());
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while encoding", e);
    }
  }

  private static int chunkEnd(byte[] utf8, int from) {
    int searched = from;
    while (utf8.length - searched > CHUNK_BYTES) {
      int cut = Splitter.lastCut(utf8, searched, searched + CHUNK_BYTES);
      if (cut > searched) {
        return cut;
      }
      searched += CHUNK_BYTES;
    }
    return utf8.length;
  }
}
