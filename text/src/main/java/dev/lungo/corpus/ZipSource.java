package dev.lungo.corpus;

import dev.lungo.file.MalformedFileException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// A `.zip` archive: each entry that is text is a document, in the order of their names.
final class ZipSource implements CorpusSource {
  /// Larger entries are no source code or prose, or the archive is a bomb.
  private static final int LARGEST_ENTRY = 1 << 28;

  private final Path file;
  private final String ending;

  /// @param ending how names of entries must end; empty for any
  ZipSource(Path file, String ending) {
    this.file = file;
    this.ending = ending;
  }

  @Override
  public long totalBytes() throws IOException {
    try (ZipFile zip = open()) {
      return entries(zip).stream().mapToLong(entry -> Math.max(0, entry.getSize())).sum();
    }
  }

  private ZipFile open() throws IOException {
    try {
      return new ZipFile(file.toFile());
    } catch (ZipException e) {
      throw new MalformedFileException(file.toString(), 0, "zip", String.valueOf(e.getMessage()));
    }
  }

  private List<ZipEntry> entries(ZipFile zip) {
    List<ZipEntry> entries = new ArrayList<>();
    zip.stream()
        .filter(entry -> !entry.isDirectory() && entry.getName().endsWith(ending))
        .sorted(Comparator.comparing(ZipEntry::getName))
        .forEach(entries::add);
    return entries;
  }

  @Override
  public DocumentStream documents() throws IOException {
    ZipFile zip = open();
    List<ZipEntry> entries = entries(zip);
    return new DocumentStream() {
      private int index;
      private long bytesRead;

      @Override
      public Optional<Document> next() throws IOException {
        while (index < entries.size()) {
          ZipEntry entry = entries.get(index++);
          byte[] bytes = read(zip, entry);
          bytesRead += bytes.length;
          Optional<byte[]> text = TextBytes.of(bytes);
          if (text.isPresent() && text.get().length > 0) {
            return Optional.of(new Document(entry.getName(), text.get(), false));
          }
        }
        return Optional.empty();
      }

      @Override
      public long bytesRead() {
        return bytesRead;
      }

      @Override
      public void close() throws IOException {
        zip.close();
      }
    };
  }

  /// What the entry claims about its size is not believed.
  private byte[] read(ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] bytes = in.readNBytes(LARGEST_ENTRY + 1);
      if (bytes.length > LARGEST_ENTRY) {
        throw new MalformedFileException(
            file.toString(),
            0,
            "entry " + entry.getName(),
            "unpacks to more than " + LARGEST_ENTRY + " bytes");
      }
      return bytes;
    } catch (ZipException | EOFException e) {
      throw new MalformedFileException(
          file.toString(), 0, "entry " + entry.getName(), "cannot be unpacked: " + e.getMessage());
    }
  }
}
