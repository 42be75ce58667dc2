package dev.lungo.corpus;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import dev.lungo.file.MalformedFileException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// A file opened for reading, unpacked if its name ends in `.gz` or `.zst`, that counts the stored
/// bytes it has read.
final class OpenedFile extends InputStream {
  private final Path file;
  private final Counting stored;
  private final InputStream content;

  OpenedFile(Path file) throws IOException {
    this.file = file;
    this.stored = new Counting(Files.newInputStream(file));
    try {
      this.content = unpack(file, stored);
    } catch (IOException e) {
      stored.close();
      throw translated(e);
    }
  }

  private static InputStream unpack(Path file, InputStream in) throws IOException {
    String name = lowerName(file);
    if (name.endsWith(".gz")) {
      return new GZIPInputStream(in, 1 << 16);
    }
    if (name.endsWith(".zst")) {
      return new ZstdInputStream(new BufferedInputStream(in, 1 << 16)).setContinuous(false);
    }
    return in;
  }

  private static String lowerName(Path file) {
    return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
  }

  /// Returns the file's name in lower case without `.gz` or `.zst`: its ending says what is inside.
  static String innerName(Path file) {
    String name = lowerName(file);
    return name.endsWith(".gz") || name.endsWith(".zst")
        ? name.substring(0, name.lastIndexOf('.'))
        : name;
  }

  /// Returns how many bytes have been read of the file as it is stored.
  long storedBytesRead() {
    return stored.count;
  }

  @Override
  public int read() throws IOException {
    try {
      return content.read();
    } catch (IOException e) {
      throw translated(e);
    }
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    try {
      return content.read(buffer, from, length);
    } catch (IOException e) {
      throw translated(e);
    }
  }

  /// What unpacking complains about is malformed; anything else is the disk.
  private IOException translated(IOException e) {
    boolean unpacking =
        e instanceof ZipException || e instanceof EOFException || e instanceof ZstdIOException;
    if (!unpacking) {
      return e;
    }
    MalformedFileException malformed =
        new MalformedFileException(
            file.toString(),
            stored.count,
            "compressed data",
            "cannot be unpacked: " + e.getMessage());
    malformed.initCause(e);
    return malformed;
  }

  @Override
  public void close() throws IOException {
    content.close();
  }

  private static final class Counting extends FilterInputStream {
    private long count;

    Counting(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = super.read();
      count += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] buffer, int from, int length) throws IOException {
      int read = super.read(buffer, from, length);
      count += Math.max(0, read);
      return read;
    }
  }
}
