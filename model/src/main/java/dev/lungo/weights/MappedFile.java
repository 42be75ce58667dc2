package dev.lungo.weights;

import dev.lungo.kernel.MemoryInUse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A file mapped into memory as a whole.
///
/// Where somebody cuts a mapped file, touching what is gone is an `InternalError` in most code, but
/// may kill the JVM in compiled vector code. So who is about to read much asks [#requireWhole]
/// before. That catches a file that was cut between two answers, or two tokens; one that is cut
/// while a token is computed can still end the JVM.
final class MappedFile implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  MappedFile(Path file) throws IOException {
    this.file = file;
    channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      segment = plain(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (IOException | RuntimeException failed) {
      close();
      throw failed;
    }
  }

  /// Returns the same memory as a segment of the class that allocated memory has: with segments of
  /// two classes the compiler fences every access in the kernels that see both.
  @SuppressWarnings("restricted") // The launcher allows native access.
  private MemorySegment plain(MemorySegment mapped) {
    return MemorySegment.ofAddress(mapped.address())
        .reinterpret(mapped.byteSize(), arena, null)
        .asReadOnly();
  }

  MemorySegment segment() {
    return segment;
  }

  /// @throws IllegalStateException if the file is shorter than it was
  void requireWhole() {
    try {
      long now = channel.size();
      if (now < segment.byteSize()) {
        throw new IllegalStateException(
            file
                + ": was cut from "
                + segment.byteSize()
                + " to "
                + now
                + " bytes while it was open; bring it back and try again");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      MemoryInUse.close(arena);
    }
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
