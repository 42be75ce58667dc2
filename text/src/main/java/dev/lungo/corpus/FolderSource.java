package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// A folder with everything beneath it, in the order of the paths; hidden files and binary files
/// are left out.
final class FolderSource implements CorpusSource {
  private static final int LOOKED_AT = 8192;

  private record Entry(Path file, String name, long size) {}

  private final Path folder;
  private final List<Entry> entries = new ArrayList<>();

  FolderSource(Path folder) throws IOException {
    this.folder = folder;
    Files.walkFileTree(folder, new Collector());
    entries.sort(Comparator.comparing(Entry::name));
  }

  private final class Collector extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      boolean hidden = !directory.equals(folder) && isHidden(directory);
      return hidden ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (attributes.isRegularFile() && !isHidden(file)) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        entries.add(new Entry(file, name, attributes.size()));
      }
      return FileVisitResult.CONTINUE;
    }

    private boolean isHidden(Path path) {
      return String.valueOf(path.getFileName()).startsWith(".");
    }
  }

  @Override
  public long totalBytes() {
    return entries.stream().mapToLong(Entry::size).sum();
  }

  @Override
  public DocumentStream documents() {
    return new EntryStream();
  }

  private final class EntryStream implements DocumentStream {
    private int index;
    private long finishedBytes;
    private Optional<DocumentStream> current = Optional.empty();

    @Override
    public Optional<Document> next() throws IOException {
      while (true) {
        if (current.isPresent()) {
          Optional<Document> document = current.get().next();
          if (document.isPresent()) {
            return document;
          }
          close();
          finishedBytes += entries.get(index - 1).size();
        }
        if (index == entries.size()) {
          return Optional.empty();
        }
        Entry entry = entries.get(index++);
        if (isReadable(entry)) {
          current = Optional.of(Corpus.sourceOf(entry.file(), entry.name()).documents());
        } else {
          finishedBytes += entry.size();
        }
      }
    }

    /// Formats of their own are read by themselves; of the rest, what is no text is left out.
    private boolean isReadable(Entry entry) throws IOException {
      if (!Corpus.isPlainText(entry.file())) {
        return true;
      }
      try (OpenedFile in = new OpenedFile(entry.file())) {
        byte[] head = in.readNBytes(LOOKED_AT);
        return head.length > 0 && !TextBytes.isBinary(head, head.length);
      } catch (MalformedFileException e) {
        return true;
      }
    }

    @Override
    public long bytesRead() {
      return finishedBytes + current.map(DocumentStream::bytesRead).orElse(0L);
    }

    @Override
    public void close() throws IOException {
      if (current.isPresent()) {
        current.get().close();
        current = Optional.empty();
      }
    }
  }
}
