package dev.lungo.corpus;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Predicate;

/// Documents one after the other, always in the same order. Not thread-safe; to be closed.
public interface DocumentStream extends AutoCloseable {
  /// Returns the next document; empty after the last.
  ///
  /// @throws dev.lungo.file.MalformedFileException if a file is not what its format says
  Optional<Document> next() throws IOException;

  /// Returns how many bytes of the corpus have been read, on the scale of [Corpus#totalBytes()].
  long bytesRead();

  @Override
  void close() throws IOException;

  /// Returns the documents of this stream whose names `wanted` accepts.
  default DocumentStream where(Predicate<String> wanted) {
    DocumentStream all = this;
    return new DocumentStream() {
      @Override
      public Optional<Document> next() throws IOException {
        Optional<Document> document = all.next();
        while (document.isPresent() && !wanted.test(document.get().name())) {
          document = all.next();
        }
        return document;
      }

      @Override
      public long bytesRead() {
        return all.bytesRead();
      }

      @Override
      public void close() throws IOException {
        all.close();
      }
    };
  }

  /// Returns about `fraction` of this stream's documents, chosen by a hash of their names: for
  /// training a tokenizer.
  default DocumentStream sampled(double fraction) {
    return fraction >= 1 ? this : where(name -> NameHash.unit(name, NameHash.SAMPLE) < fraction);
  }
}
