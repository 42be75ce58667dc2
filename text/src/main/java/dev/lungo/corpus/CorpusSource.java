package dev.lungo.corpus;

import java.io.IOException;

/// A place where documents come from.
sealed interface CorpusSource
    permits TextFileSource, JsonLinesSource, ParquetSource, ZipSource, FolderSource {
  /// Opens the documents from the beginning.
  DocumentStream documents() throws IOException;

  /// Returns the bytes to be read, as stored (of an archive: unpacked).
  long totalBytes() throws IOException;
}
