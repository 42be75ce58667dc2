package dev.lungo.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The folder of one run, which one process at a time may write to.
public final class RunFolder implements AutoCloseable {
  private static final String LOCK = ".lock";

  private final Path path;
  private final FileChannel channel;
  private boolean discardable;

  private RunFolder(Path path, FileChannel channel, boolean discardable) {
    this.path = path;
    this.channel = channel;
    this.discardable = discardable;
  }

  /// Creates the folder of a new run.
  ///
  /// @throws IllegalArgumentException if there is something else there
  public static RunFolder create(Path path) throws IOException {
    if (Files.exists(path) && !isEmpty(path)) {
      throw new IllegalArgumentException(
          path
              + " is in use; choose another --out, or go on with the run there by --resume "
              + path);
    }
    Files.createDirectories(path);
    return lock(path, true);
  }

  /// Opens the folder of a run that can go on.
  ///
  /// @throws IllegalArgumentException if there is no such run
  public static RunFolder resume(Path path) throws IOException {
    if (!Files.exists(path.resolve(Checkpoint.FILE))) {
      throw new IllegalArgumentException(
          path + " holds no run that can go on: it has no " + Checkpoint.FILE);
    }
    return lock(path, false);
  }

  private static boolean isEmpty(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    }
  }

  private static RunFolder lock(Path path, boolean discardable) throws IOException {
    FileChannel channel =
        FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return new RunFolder(path, channel, discardable);
      }
    } catch (OverlappingFileLockException heldByThisProcess) {
      channel.close();
      throw new IOException(path + " is in use by another run", heldByThisProcess);
    }
    channel.close();
    throw new IOException(path + " is in use by another run; wait for it or choose another --out");
  }

  public Path path() {
    return path;
  }

  /// Keeps the folder from here on, even if the run fails.
  public void keep() {
    discardable = false;
  }

  /// Releases the folder; removes it if the run failed before there was anything to keep.
  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(path.resolve(LOCK));
    if (discardable) {
      List<Path> entries;
      try (Stream<Path> walk = Files.walk(path)) {
        entries = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path entry : entries) {
        Files.delete(entry);
      }
    }
  }
}
