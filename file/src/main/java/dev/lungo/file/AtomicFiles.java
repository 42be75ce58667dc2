package dev.lungo.file;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// Replaces files so that readers see the old content or the new one, whatever happens in between.
public final class AtomicFiles {
  private AtomicFiles() {}

  /// Writes content to an open stream.
  @FunctionalInterface
  public interface Writer {
    void writeTo(OutputStream out) throws IOException;
  }

  /// Writes content to an open channel, for formats that know their offsets.
  @FunctionalInterface
  public interface ChannelWriter {
    void writeTo(FileChannel out) throws IOException;
  }

  /// Replaces `file` by what `writer` writes: a temporary file beside it, forced to disk, moved
  /// over it.
  public static void write(Path file, Writer writer) throws IOException {
    writeChannel(
        file,
        channel -> {
          OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
          writer.writeTo(out);
          out.flush();
        });
  }

  /// Replaces `file` by `text` in UTF-8.
  public static void writeString(Path file, String text) throws IOException {
    write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /// Replaces `file` by what `writer` writes to the channel, positioned at 0.
  public static void writeChannel(Path file, ChannelWriter writer) throws IOException {
    Path target = file.toAbsolutePath();
    Path directory = target.getParent();
    if (directory == null) {
      throw new IllegalArgumentException("write: " + file + " is a root directory; name a file");
    }
    Files.createDirectories(directory);
    // Not Files.createTempFile: it keeps other users from reading what is no secret.
    Path temporary =
        directory.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writer.writeTo(channel);
        channel.force(true);
      }
      move(temporary, target);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /// Gives a file that is complete and forced to disk its name, in place of any other of that name.
  ///
  /// @param written beside `target`, or on the same file system at least
  public static void move(Path written, Path target) throws IOException {
    Files.move(
        written, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Path directory = target.toAbsolutePath().getParent();
    if (directory != null) {
      forceDirectory(directory);
    }
  }

  /// Makes a rename durable. Not every platform opens directories; there the move alone has to do.
  private static void forceDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException unsupportedHere) {
      // Windows refuses to open a directory; the atomic move has happened all the same.
    }
  }
}
