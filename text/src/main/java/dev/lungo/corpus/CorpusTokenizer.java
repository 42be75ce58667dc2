package dev.lungo.corpus;

import dev.lungo.tokenizer.SpecialMode;
import dev.lungo.tokenizer.TokenBuffer;
import dev.lungo.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Turns documents into a token shard on several threads.
///
/// Documents are gathered into batches by their sizes alone, encoded in any order and written in
/// theirs, so that the shard is the same for any number of threads. Texts are taken as they are:
/// names of special tokens in them mean nothing. Each document ends with the tokenizer's
/// end-of-text token, where it has one.
public final class CorpusTokenizer {
  private static final int BATCH_BYTES = 1 << 20;

  /// What was written.
  ///
  /// @param documents number of documents
  /// @param tokens number of tokens
  /// @param textBytes bytes of UTF-8 text
  public record Result(long documents, long tokens, long textBytes) {
    /// Returns how many bytes of text a token stands for.
    public double bytesPerToken() {
      return (double) textBytes / tokens;
    }
  }

  private record Encoded(TokenBuffer ids, long textBytes, long documents) {}

  private final Tokenizer tokenizer;
  private final int threads;

  /// @param threads how many threads encode; reading and writing have the caller's
  public CorpusTokenizer(Tokenizer tokenizer, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads must be at least 1, not " + threads);
    }
    this.tokenizer = tokenizer;
    this.threads = threads;
  }

  /// Encodes all of `documents` (which stays open) into the shard `file`.
  ///
  /// @param totalBytes what [DocumentStream#bytesRead()] will reach, for `progress`
  /// @throws IOException if there is no text at all; `file` stays as it was
  public Result write(DocumentStream documents, Path file, long totalBytes, Progress progress)
      throws IOException {
    long[] totals = new long[3];
    TokenShardWriter.write(
        file,
        tokenizer,
        shard -> {
          try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            Deque<Future<Encoded>> running = new ArrayDeque<>();
            try {
              for (List<Document> batch = batch(documents);
                  !batch.isEmpty();
                  batch = batch(documents)) {
                List<Document> work = batch;
                running.add(pool.submit(() -> encode(work)));
                if (running.size() > 2 * threads) {
                  append(running.remove(), shard, totals);
                  progress.update(Math.min(documents.bytesRead(), totalBytes), totalBytes);
                }
              }
              while (!running.isEmpty()) {
                append(running.remove(), shard, totals);
              }
            } finally {
              pool.shutdownNow();
            }
          }
          if (totals[2] == 0) {
            throw new IOException(
                "there is no text to encode for "
                    + file.getFileName()
                    + "; check the corpus and the held-out share");
          }
          progress.update(totalBytes, totalBytes);
        });
    return new Result(totals[0], totals[1], totals[2]);
  }

  private static List<Document> batch(DocumentStream documents) throws IOException {
    List<Document> batch = new ArrayList<>();
    long bytes = 0;
    while (bytes < BATCH_BYTES) {
      Optional<Document> document = documents.next();
      if (document.isEmpty()) {
        break;
      }
      batch.add(document.get());
      bytes += document.get().utf8().length;
    }
    return batch;
  }

  private Encoded encode(List<Document> batch) {
    TokenBuffer ids = new TokenBuffer(BATCH_BYTES / 3);
    long bytes = 0;
    long ended = 0;
    for (Document document : batch) {
      tokenizer.encode(document.utf8(), 0, document.utf8().length, SpecialMode.TEXT, ids);
      bytes += document.utf8().length;
      if (!document.continues()) {
        tokenizer.endOfText().ifPresent(ids::add);
        ended++;
      }
    }
    return new Encoded(ids, bytes, ended);
  }

  private static void append(Future<Encoded> future, TokenShardWriter shard, long[] totals)
      throws IOException {
    try {
      Encoded encoded = future.get();
      shard.append(encoded.ids(), encoded.textBytes(), encoded.documents());
      totals[0] += encoded.documents();
      totals[1] += encoded.ids().size();
      totals[2] += encoded.textBytes();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException cause
          ? cause
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while encoding", e);
    }
  }
}
