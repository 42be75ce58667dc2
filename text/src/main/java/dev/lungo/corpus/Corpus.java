package dev.lungo.corpus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/// Text to learn from: a file, a folder or an archive, opened as a stream of documents in a fixed
/// order.
///
/// - any text file: one text, read in parts (`.gz` and `.zst` are unpacked);
/// - `.jsonl`: the `text` of each line; `.parquet`: the `text` of each row (the former may be `.gz`
///   or `.zst`, too);
/// - `.zip`: each entry that is text;
/// - a folder: each file beneath it, of any of these kinds.
public final class Corpus {
  private final CorpusSource source;
  private final String description;

  private Corpus(CorpusSource source, String description) {
    this.source = source;
    this.description = description;
  }

  /// Opens the corpus in `path`.
  ///
  /// @throws NoSuchFileException if there is no such file or folder
  /// @throws IOException if it cannot be read
  public static Corpus open(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString(), null, "there is no corpus of this name");
    }
    if (!Files.isReadable(path)) {
      throw new IOException(path + ": the corpus cannot be read; check its permissions");
    }
    if (Files.isDirectory(path)) {
      return new Corpus(new FolderSource(path), path.toString());
    }
    String name = String.valueOf(path.getFileName());
    CorpusSource source =
        isPlainText(path) ? new TextFileSource(path, name, true) : sourceOf(path, name);
    return new Corpus(source, path.toString());
  }

  /// Opens the source code of the JDK that runs this: the `.java` files of its `lib/src.zip`.
  ///
  /// @throws NoSuchFileException if this JDK ships none; the message says what to do
  public static Corpus ofJdkSources() throws IOException {
    return ofJdkSources(Path.of(System.getProperty("java.home")));
  }

  /// Opens the source code of the JDK in the folder `javaHome`.
  static Corpus ofJdkSources(Path javaHome) throws IOException {
    Path file = javaHome.resolve("lib").resolve("src.zip");
    if (!Files.exists(file)) {
      throw new NoSuchFileException(
          file.toString(),
          null,
          "this JDK comes without its source code; run on one that has it (Temurin does; Debian's is in the package"
              + " openjdk-25-source), or name another text with --corpus PATH");
    }
    return new Corpus(new ZipSource(file, ".java"), file.toString());
  }

  static boolean isPlainText(Path file) {
    String name = OpenedFile.innerName(file);
    return !isJsonLines(name) && !name.endsWith(".parquet") && !name.endsWith(".zip");
  }

  private static boolean isJsonLines(String name) {
    return name.endsWith(".jsonl") || name.endsWith(".ndjson");
  }

  static CorpusSource sourceOf(Path file, String name) throws IOException {
    String inner = OpenedFile.innerName(file);
    boolean packed = !inner.equals(String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT));
    if (isJsonLines(inner)) {
      return new JsonLinesSource(file, name);
    }
    if ((inner.endsWith(".parquet") || inner.endsWith(".zip")) && packed) {
      throw new IOException(
          file + ": unpack it first; Lungo reads .parquet and .zip only as they are");
    }
    if (inner.endsWith(".parquet")) {
      return new ParquetSource(file, name);
    }
    if (inner.endsWith(".zip")) {
      return new ZipSource(file, "");
    }
    return new TextFileSource(file, name, false);
  }

  /// Returns where the corpus is.
  public String description() {
    return description;
  }

  /// Returns the bytes there are to read, as stored (of an archive: unpacked): the scale of
  /// progress.
  public long totalBytes() throws IOException {
    return source.totalBytes();
  }

  /// Says whether the corpus is one text, of which a [Split.Tail] can be held out.
  public boolean isSingleText() {
    return source instanceof TextFileSource;
  }

  /// Returns the usual way to hold out a share: by path, or the end of a single text.
  public Split split(double heldOut) {
    return isSingleText() ? new Split.Tail(heldOut) : new Split.ByPath(heldOut);
  }

  /// Opens all documents.
  public DocumentStream documents() throws IOException {
    return source.documents();
  }

  /// Opens the documents of `part` under `split`.
  ///
  /// @throws IllegalArgumentException if the end of a text is asked for and this is not one text
  public DocumentStream documents(Split split, Split.Part part) throws IOException {
    return switch (split) {
      case Split.ByPath byPath -> source.documents().where(name -> byPath.contains(part, name));
      case Split.Tail tail -> {
        if (!(source instanceof TextFileSource text)) {
          throw new IllegalArgumentException(
              description + " is not a single text; hold out documents by path instead of its end");
        }
        yield text.documents(tail, part);
      }
    };
  }
}
